//! What nobody had the right to write: it is kept apart and told, it harms nothing else, and what stands behind it
//! is stated again without it (sync.md, The gate).

mod decisions;
mod fullness;
mod held;
pub(crate) mod rogue;

use docket_client::replica::NewFact;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table, record};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::bodies::{AddNote, Close, CollectCash, GrantDiscount, RecordLine};
use docket_sync_core::facts::values::{Line, LineKind, Money};
use docket_sync_core::facts::{Author, FactBody, FactKind, Head, Role};
use docket_sync_core::ids::{ActorId, DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::sync::frames::{Cover, Frame, QuarantineCode, Stop, StopCode};
use docket_sync_core::time::{HOUR, MINUTE};
use rogue::{altered, as_ever, ask};

/// A company with two technicians, three orders: two of Li's, and one that was never his.
struct Stage {
    world: World,
    li: Device,
    zhang: Device,
    one: DocumentId,
    other: DocumentId,
    zhangs: DocumentId,
}

impl Stage {
    async fn new() -> Result<Self, Trouble> {
        let world = World::new(3).await?;
        let (li, zhang) = (world.technician("李师傅").await?, world.technician("张师傅").await?);
        let (one, other, zhangs) = (world.order("一").await?, world.order("二").await?, world.order("三").await?);
        for (order, device) in [(one, &li), (other, &li), (zhangs, &zhang)] {
            world.assign(order, device.person).await?;
        }
        let mut stage = Self { world, li, zhang, one, other, zhangs };
        stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
        stage.world.pass(HOUR);
        Ok(stage)
    }

    fn note(&mut self, order: DocumentId, text: &str) -> Result<(), Trouble> {
        self.li.act(order, &Command::Note { text: text.to_owned() }).map(drop)
    }

    /// States a fact that no command would make.
    fn state(&mut self, document: DocumentId, author: Author, body: FactBody) -> Result<(), Trouble> {
        let seen = self.li.show(document).map(|shown| shown.view.frontier).unwrap_or_default();
        let fact = NewFact { document, author, seen, head: Head::default(), body, claimed: None, proof: None };
        self.li.client.replica_mut().state_fact(fact)?;
        Ok(())
    }

    /// What lies in quarantine: the reasons, `None` for what was held.
    fn quarantine(&self) -> Result<Vec<(DocumentId, Option<QuarantineCode>)>, Trouble> {
        let _durable = self.world.office.hub.read();
        let rows = Tables::scan(self.world.office.store.as_ref(), Table::Quarantine, &KeyRange::all(), 10_000)?;
        let mut found = Vec::new();
        for (_, value) in rows {
            let entry: QuarantineEntry = record::decode("quarantine", &value)?;
            found.push((entry.document, entry.code));
        }
        Ok(found)
    }

    /// Notes before, behind and beside a bad fact that `bad` states, one push, and what must come of it.
    async fn judge(
        mut self,
        code: QuarantineCode,
        bad: impl FnOnce(&mut Self) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let (one, other) = (self.one, self.other);
        self.note(one, "之前")?;
        bad(&mut self)?;
        self.note(one, "之后")?;
        self.note(other, "旁边")?;
        let incarnation = self.li.client.replica().incarnation();
        let report = self.world.sync(&mut self.li).await?;
        assert_eq!((report.unsent, report.verified), (0, Some(true)), "{code}");

        let view = self.world.view(one).await?;
        assert_eq!(notes(&view), ["之前", "之后"], "{code}: what stands before and behind it counts");
        assert_eq!(notes(&*self.world.view(other).await?), ["旁边"], "{code}: another order is not touched");
        let status = self.li.client.status();
        let refused: Vec<QuarantineCode> = status.refused.iter().map(|(_, _, code)| *code).collect();
        assert_eq!((refused.as_slice(), status.pending), ([code].as_slice(), None), "the device says not accepted");
        assert_ne!(self.li.client.replica().incarnation(), incarnation, "{code}: it goes on as a new incarnation");
        let kept = self.quarantine()?;
        assert_eq!(kept.iter().filter(|(_, reason)| *reason == Some(code)).count(), 1, "{code}: {kept:?}");
        for (order, device) in [(one, &self.li), (other, &self.li)] {
            let shown = device.show(order)?;
            assert_eq!(shown.view, *self.world.view(order).await?);
        }

        // The device works on, and its colleague never noticed.
        self.note(one, "继续")?;
        self.world.pass(HOUR);
        self.world.settle(&mut [&mut self.li, &mut self.zhang]).await?;
        assert_eq!(notes(&*self.world.view(one).await?), ["之前", "之后", "继续"]);
        assert_eq!(self.zhang.client.status().refused, []);
        let mut cold = self.world.enrol(self.li.person).await?;
        self.world.settle(&mut [&mut cold]).await?;
        assert_eq!(cold.show(one)?.view, *self.world.view(one).await?);
        Ok(())
    }
}

fn notes(view: &OrderView) -> Vec<&str> {
    view.notes.iter().map(|note| note.text.as_str()).collect()
}

fn note_by(text: &str) -> FactBody {
    AddNote { text: text.to_owned() }.into()
}

#[tokio::test]
async fn a_forged_author_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let zhang = Author::Person(stage.zhang.person);
    let one = stage.one;
    stage.judge(QuarantineCode::ForgedAuthor, |stage| stage.state(one, zhang, note_by("冒名"))).await
}

#[tokio::test]
async fn a_device_does_not_speak_for_the_system() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let one = stage.one;
    let rule = Author::System("review-default".to_owned());
    stage.judge(QuarantineCode::ForgedAuthor, |stage| stage.state(one, rule, note_by("冒充系统"))).await
}

#[tokio::test]
async fn a_fact_outside_his_rights_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    stage.judge(QuarantineCode::NotPermitted, |stage| stage.state(one, li, Close {}.into())).await
}

#[tokio::test]
async fn a_role_that_he_does_not_hold_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let (document, author) = (stage.one, Author::Person(stage.li.person));
    stage
        .judge(QuarantineCode::NotPermitted, |stage| {
            let head = Head { role: Some(Role::Supervisor), ..Head::default() };
            let (seen, body) = (Vec::new(), note_by("自称主管"));
            let fact = NewFact { document, author, seen, head, body, claimed: None, proof: None };
            stage.li.client.replica_mut().state_fact(fact)?;
            Ok(())
        })
        .await
}

#[tokio::test]
async fn r5_less_than_nothing_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let amount = || Money { minor: -3_000, currency: "CNY".to_owned() };
    let line = |quantity, amount| Line { amount, ..Line::new(LineKind::Part, "阀", quantity, "piece") };
    let visit = FactId { actor: ActorId([1; 16]), sequence: 1 }.reference();
    let bodies: [FactBody; 4] = [
        CollectCash { amount: amount(), receipt: "XJ-1".to_owned(), reason: None }.into(),
        GrantDiscount { amount: amount(), reason: "无".to_owned() }.into(),
        RecordLine { visit, line: line(1_000, Some(amount())) }.into(),
        RecordLine { visit, line: line(-1_000, None) }.into(),
    ];
    for body in bodies {
        let stage = Stage::new().await?;
        let (one, li) = (stage.one, Author::Person(stage.li.person));
        stage.judge(QuarantineCode::Malformed, |stage| stage.state(one, li, body)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_order_that_was_never_his_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let (zhangs, li) = (stage.zhangs, Author::Person(stage.li.person));
    stage.judge(QuarantineCode::OutOfScope, |stage| stage.state(zhangs, li, note_by("别人的单"))).await
}

#[tokio::test]
async fn an_order_that_nobody_knows_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let li = Author::Person(stage.li.person);
    let unknown = DocumentId([0x17; 16]);
    stage.judge(QuarantineCode::UnknownDocument, |stage| stage.state(unknown, li, note_by("没有的单"))).await
}

#[tokio::test]
async fn a_kind_of_a_later_level_is_kept_whole_and_nothing_else() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    assert!(FactKind::ALL.iter().all(|kind| kind.number() != 250));
    let newer = FactBody::Unknown { kind: 250, bytes: vec![0x81, 0x01] };
    stage.judge(QuarantineCode::NewerKind, |stage| stage.state(one, li, newer)).await
}

#[tokio::test]
async fn a_time_ahead_of_the_server_is_refused_and_what_follows_in_time_is_not() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, other) = (stage.one, stage.other);
    stage.note(one, "之前")?;
    // The device's monotonic clock jumps two hours ahead.
    stage.li.clock.pass(3 * HOUR);
    stage.note(one, "超前")?;
    stage.note(one, "也超前")?;
    stage.note(other, "仍超前")?;
    let report = stage.world.sync(&mut stage.li).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    let refused: Vec<QuarantineCode> = stage.li.client.status().refused.iter().map(|(_, _, code)| *code).collect();
    assert_eq!(refused, [QuarantineCode::TimeAhead; 3]);
    assert_eq!(notes(&*stage.world.view(one).await?), ["之前"]);
    // The contact has set its clock right: what it states now is taken.
    stage.note(one, "之后")?;
    stage.world.pass(10 * MINUTE);
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    assert_eq!(notes(&*stage.world.view(one).await?), ["之前", "之后"]);
    Ok(())
}

#[tokio::test]
async fn a_malformed_fact_is_refused_and_nothing_else() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, other) = (stage.one, stage.other);
    for (order, text) in [(one, "之前"), (one, "坏"), (one, "之后"), (other, "旁边")] {
        stage.note(order, text)?;
    }
    let frames = altered(&stage.world, &mut stage.li, |records| {
        for record in records.iter_mut().filter(|record| record.sequence == 2) {
            record.bytes.truncate(9);
        }
    })
    .await?;
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Ack(_))), "{frames:?}");
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    assert_eq!(notes(&*stage.world.view(one).await?), ["之前", "之后"]);
    assert_eq!(notes(&*stage.world.view(other).await?), ["旁边"]);
    let refused: Vec<QuarantineCode> = stage.li.client.status().refused.iter().map(|(_, _, code)| *code).collect();
    assert_eq!(refused, [QuarantineCode::Malformed]);
    assert_eq!(stage.li.show(one)?.view, *stage.world.view(one).await?);
    Ok(())
}

#[tokio::test]
async fn records_without_an_envelope_enter_when_their_device_covers_them() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let one = stage.one;
    stage.note(one, "一")?;
    stage.note(one, "二")?;
    // Somebody carries the records without proof: a colleague, whose own session is in order.
    let mut push = rogue::push_of(&mut stage.li)?;
    push.cover = Cover::None;
    let answer = ask(&stage.world, &mut stage.zhang, vec![Frame::Push(push.clone())]).await?;
    assert!(
        matches!(answer.as_slice(), [Frame::Welcome(_), Frame::Ack(ack), ..] if ack.exceptions[0].count == 2),
        "{answer:?}"
    );
    assert!(notes(&*stage.world.view(one).await?).is_empty());
    // The colleague signs them himself: they are not his device's.
    rogue::cover(&mut push, &stage.world, &stage.zhang, 900)?;
    let answer = ask(&stage.world, &mut stage.zhang, vec![Frame::Push(push)]).await?;
    assert!(matches!(answer.as_slice(), [Frame::Welcome(_), Frame::Ack(_), ..]), "{answer:?}");
    assert!(notes(&*stage.world.view(one).await?).is_empty());
    assert!(stage.quarantine()?.iter().any(|(_, code)| *code == Some(QuarantineCode::WrongActor)));
    // Li comes with his own envelope: nothing is lost, and nothing stays behind.
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    assert_eq!(notes(&*stage.world.view(one).await?), ["一", "二"]);
    assert_eq!(stage.quarantine()?, []);
    Ok(())
}

#[tokio::test]
async fn an_envelope_whose_signature_is_wrong_covers_nothing() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let one = stage.one;
    stage.note(one, "一")?;
    let mut push = rogue::push_of(&mut stage.li)?;
    let Cover::Own { signature, .. } = &mut push.cover else { return Err("an own cover".into()) };
    signature.0[7] ^= 1;
    let answer = ask(&stage.world, &mut stage.li, vec![Frame::Push(push)]).await?;
    assert!(
        matches!(answer.as_slice(), [Frame::Welcome(_), Frame::Ack(ack), ..] if ack.exceptions.len() == 1),
        "{answer:?}"
    );
    assert_eq!(stage.quarantine()?, [(one, Some(QuarantineCode::NoProof))]);
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(notes(&*stage.world.view(one).await?), ["一"]);
    Ok(())
}

#[tokio::test]
async fn x_23_a_revoked_device_is_stopped_and_what_arrives_later_is_kept_apart() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, device) = (stage.one, stage.li.client.replica().identity().device);
    stage.note(one, "之前")?;
    stage.world.settle(&mut [&mut stage.li]).await?;
    stage.note(one, "之后")?;
    stage.note(one, "再后")?;
    let by: PersonId = stage.world.clerk;
    stage.world.office.committer.run(move |writer| writer.revoke(device, by, "丢失".to_owned())).await?;
    let stopped = stage.world.sync(&mut stage.li).await;
    assert!(stopped.is_err(), "{stopped:?}");
    assert_eq!(notes(&*stage.world.view(one).await?), ["之前"], "what had arrived counts");
    let kept = stage.quarantine()?;
    assert_eq!(kept, [(one, Some(QuarantineCode::Revoked)); 2]);
    // Again and again: it is stopped, nothing is handed out, nothing more is kept.
    for _ in 0..3 {
        let frames = as_ever(&stage.world, &mut stage.li).await?;
        assert!(matches!(frames.last(), Some(Frame::Stop(Stop { code: StopCode::Revoked, .. }))), "{frames:?}");
        assert!(!frames.iter().any(|frame| matches!(frame, Frame::Batch(_))), "a revoked device gets no news");
    }
    assert_eq!(stage.quarantine()?.len(), 2);
    stage.world.settle(&mut [&mut stage.zhang]).await?;
    Ok(())
}

/// A technician who lost his role works on offline: every fact is refused by itself, in few rounds, without filling
/// the quarantine by repetition.
#[tokio::test]
async fn many_refused_facts_of_one_order_cost_one_round_and_one_place_each() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    for _ in 0..60 {
        stage.state(one, li.clone(), Close {}.into())?;
    }
    stage.note(one, "最后")?;
    let report = stage.world.sync(&mut stage.li).await?;
    assert_eq!(report.unsent, 0);
    assert_eq!(stage.li.client.status().refused.len(), 60);
    assert_eq!(notes(&*stage.world.view(one).await?), ["最后"]);
    println!("{} rounds, {} in quarantine", report.rounds, stage.quarantine()?.len());
    assert!(report.rounds <= 5, "{} rounds", report.rounds);
    assert_eq!(stage.quarantine()?.len(), 60, "what was held and stated again does not stay");
    Ok(())
}
