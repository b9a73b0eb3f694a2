//! Terms with the customer: guarantee, quotes, consent, complaints, approvals, other ways to sign.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::{
    ApprovalWay, Channel, ComplaintKind, Matter, Opinion, OpinionGrade, QuoteLine, ServiceClass, Severity, Verdict,
};
use docket_sync_core::facts::{FactBody, FactKind, bodies};
use docket_sync_core::ids::{BlobId, Digest, FactId, FactRef};
use docket_sync_core::time::DAY;
use docket_sync_core::voucher::{covered_digest, shown_facts};

use super::{Hand, amount, some, words};
use crate::random::Random;
use crate::world::field::customer;

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let facets = &hand.view.facets;
    let with_customer = matches!(kind, FactKind::GiveConsent | FactKind::RefuseConsent | FactKind::CancelByCustomer);
    let quote = || facets.current_quote().map(|quote| (quote.at.fact.reference(), quote.version));
    let body: FactBody = match kind {
        FactKind::SetWarranty => bodies::SetWarranty {
            class: *random.pick(ServiceClass::ALL),
            until: random.chance(1, 2).then(|| hand.view.updated.plus(300 * DAY)),
            disputed: random.chance(1, 2),
            reason: Some(words()),
            repeat_of: None,
        }
        .into(),
        FactKind::QualityVerdict => {
            let verdict = if random.chance(1, 2) { Verdict::Free } else { Verdict::Paid };
            bodies::QualityVerdict { verdict, evidence: "压缩机内部短路".to_owned(), blob: None }.into()
        }
        FactKind::IssueQuote => issue_quote(hand, random)?.into(),
        FactKind::GiveConsent => {
            let (quote, version) = quote()?;
            bodies::GiveConsent { quote, version }.into()
        }
        FactKind::RefuseConsent => {
            let (quote, version) = quote()?;
            bodies::RefuseConsent { quote, version, reason: Some(words()) }.into()
        }
        FactKind::CancelByCustomer => bodies::CancelByCustomer { reason: words() }.into(),
        FactKind::GrantDiscount => bodies::GrantDiscount { amount: amount(random), reason: words() }.into(),
        FactKind::OpenComplaint => bodies::OpenComplaint {
            kind: *random.pick(ComplaintKind::ALL),
            severity: *random.pick(Severity::ALL),
            text: words(),
        }
        .into(),
        FactKind::Approve => approve(hand, random)?.into(),
        FactKind::Reject => {
            let (matter, subject, digest) = matter(hand, random)?;
            let (approver, way, code, secret) = (None, None, None, None);
            bodies::Reject { matter, subject, digest, reason: words(), approver, way, code, secret }.into()
        }
        FactKind::SignByCode => sign_by_code(hand, random).into(),
        FactKind::AttachPaper => attach_paper(hand, random).into(),
        FactKind::FileDocument => {
            let missing = some(random, &facets.missing)?;
            let (fact, demand) = (missing.fact.reference(), missing.demand);
            bodies::FileDocument { fact, demand, blob: None, reference: Some("第 12 号".to_owned()) }.into()
        }
        _ => return None,
    };
    let customer = with_customer.then(|| customer(Channel::Phone));
    Some(Act { customer, ..Act::new(body) })
}

fn issue_quote(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::IssueQuote> {
    let last = hand.view.facets.quotes.iter().map(|quote| quote.version).max().unwrap_or(0);
    let line = QuoteLine {
        name: "电容".to_owned(),
        quantity: 1_000,
        unit: "pcs".to_owned(),
        amount: amount(random),
        code: None,
    };
    Some(bodies::IssueQuote { version: last.checked_add(1)?, lines: vec![line], tariff: Some(1), reason: None })
}

/// Something that one may approve, in the version that shows.
fn matter(hand: &Hand<'_>, random: &mut Random) -> Option<(Matter, FactRef, Digest)> {
    hand.fact(random, |fact| {
        let matter = match fact.kind()? {
            FactKind::GrantDiscount => Matter::Discount,
            FactKind::IssueQuote => Matter::Quote,
            FactKind::RequestParts => Matter::Requisition,
            FactKind::OpenComplaint => Matter::Compensation,
            _ => return None,
        };
        Some((matter, fact.id.reference(), fact.digest))
    })
}

/// At the office's own page; a technician's own word approves nothing, and the product says so.
fn approve(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::Approve> {
    let (matter, subject, digest) = matter(hand, random)?;
    let (approver, way) = (hand.person, ApprovalWay::Office);
    Some(bodies::Approve { matter, subject, digest, approver, way, code: None, reason: None, secret: None })
}

/// The facts that a voucher of this view shows, and the digest over them.
fn covered(hand: &Hand<'_>) -> (Vec<FactRef>, Digest) {
    let shown = shown_facts(hand.view);
    let pairs: Vec<_> = shown.iter().filter_map(|fact| Some((*fact, hand.facts.get(*fact)?.digest))).collect();
    (shown.iter().map(FactId::reference).collect(), covered_digest(&pairs))
}

fn opinion() -> Opinion {
    Opinion { grade: OpinionGrade::Acceptable, text: None }
}

fn sign_by_code(hand: &Hand<'_>, random: &mut Random) -> bodies::SignByCode {
    let (covered, covered_digest) = covered(hand);
    bodies::SignByCode {
        voucher: covered_digest,
        covered,
        covered_digest,
        opinion: opinion(),
        name: "陈静".to_owned(),
        relation: "本人".to_owned(),
        code: u32::try_from(random.below(100)).unwrap_or(0),
        proof: Digest(random.bytes()),
        document: None,
    }
}

fn attach_paper(hand: &Hand<'_>, random: &mut Random) -> bodies::AttachPaper {
    let (covered, covered_digest) = covered(hand);
    bodies::AttachPaper {
        voucher: covered_digest,
        covered,
        covered_digest,
        opinion: opinion(),
        name: "陈静".to_owned(),
        relation: "本人".to_owned(),
        signed_at: hand.view.updated,
        photo: BlobId(random.bytes()),
        printed: None,
    }
}
