//! Goods and cash: who holds what.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::{BenchStep, CustodyPlace, Goods, ReceiptFate};
use docket_sync_core::facts::{FactBody, FactKind, Ledger, bodies};
use docket_sync_core::ids::BlobId;
use docket_sync_core::lifecycle::facets::{CustodyStage, CustodyView, Holder};
use docket_sync_core::time::DAY;

use super::{Hand, amount, some, words};
use crate::random::Random;
use crate::world::field::{part, yuan};

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let body: FactBody = match kind {
        FactKind::TakeCustody => take(hand, random).into(),
        FactKind::TransferCustody => transfer(hand, random)?.into(),
        FactKind::ReturnCustody => {
            let held = |custody: &CustodyView| custody.holder == Holder::Person(hand.person);
            let custody = open(hand, random, held)?.at.fact.reference();
            let lost = random.chance(1, 4);
            bodies::ReturnCustody {
                custody,
                receipt: if lost { ReceiptFate::Lost } else { ReceiptFate::TakenBack },
                signed: random.chance(5, 6).then(|| BlobId(random.bytes())),
                statement: lost.then(words),
            }
            .into()
        }
        FactKind::BenchWork => {
            let custody = open(hand, random, |_| true)?.at.fact.reference();
            let step = if random.chance(1, 2) { BenchStep::Repaired } else { *random.pick(BenchStep::ALL) };
            let line = (step == BenchStep::Line).then(|| part("轴承", 1_000, 4_000));
            bodies::BenchWork { custody, step, line, note: None }.into()
        }
        FactKind::Inspect => {
            let repaired = |custody: &CustodyView| custody.stage == CustodyStage::Repaired;
            let custody = open(hand, random, repaired)?.at.fact.reference();
            bodies::Inspect { custody, passed: random.chance(3, 4), remarks: None }.into()
        }
        FactKind::CollectCash => {
            let due = hand.view.facets.money.due.get("CNY").copied().filter(|due| *due > 0 && random.chance(1, 2));
            let (amount, reason) = due.map_or_else(|| (amount(random), Some(words())), |due| (yuan(due), None));
            bodies::CollectCash { amount, receipt: hand.receipt(random, Ledger::Cash), reason }.into()
        }
        FactKind::RemitCash => remit(hand, random)?.into(),
        FactKind::VoidNumber => {
            let (ledger, number) = some(random, &hand.town.spoiled)?.clone();
            bodies::VoidNumber { ledger: ledger.code().to_owned(), number, reason: words() }.into()
        }
        FactKind::BookTransfer => {
            bodies::BookTransfer { amount: amount(random), reference: format!("BK{}", random.below(1_000)) }.into()
        }
        _ => return None,
    };
    Some(Act::new(body))
}

/// One of the goods that are with us.
fn open<'a>(hand: &Hand<'a>, random: &mut Random, which: impl Fn(&CustodyView) -> bool) -> Option<&'a CustodyView> {
    let open = hand.view.facets.custody.iter().filter(|custody| custody.is_open() && which(custody));
    let open: Vec<_> = open.collect();
    some(random, &open).copied()
}

/// Few serials, so that two people claim the same thing.
fn take(hand: &Hand<'_>, random: &mut Random) -> bodies::TakeCustody {
    let serial = random.chance(2, 3).then(|| format!("SN-{}", random.below(2)));
    bodies::TakeCustody {
        goods: Goods { name: "压缩机".to_owned(), serial, unit: None, pieces: 1, condition: None },
        receipt: hand.receipt(random, Ledger::Custody),
        due: random.chance(1, 2).then(|| hand.view.updated.plus(3 * DAY)),
        countersigned: random.chance(5, 6).then(|| BlobId(random.bytes())),
    }
}

/// Its holder gives it to a colleague, or somebody takes it from its holder.
fn transfer(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::TransferCustody> {
    let custody = open(hand, random, |_| true)?;
    let place = *random.pick(CustodyPlace::ALL);
    let (from, to) = match custody.holder {
        Holder::Person(holder) if holder == hand.person => (holder, hand.colleague(random)?),
        Holder::Person(holder) => (holder, hand.person),
        Holder::Customer | Holder::Conflict(_) => return None,
    };
    Some(bodies::TransferCustody { custody: custody.at.fact.reference(), from, to, place })
}

/// All or half of the cash in his pocket, for what was collected.
fn remit(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::RemitCash> {
    let pockets = &hand.view.facets.money.pockets;
    let held = pockets.get(&(hand.person, "CNY".to_owned())).copied().filter(|held| *held > 0)?;
    let minor = if random.chance(1, 2) { held } else { (held / 2).max(1) };
    let collected = hand
        .facts
        .iter()
        .filter(|fact| fact.kind() == Some(FactKind::CollectCash) && fact.person() == Some(hand.person));
    let collected = collected.map(|fact| fact.id.reference()).collect();
    Some(bodies::RemitCash { amount: yuan(minor), to: hand.town.accountant?, collected })
}
