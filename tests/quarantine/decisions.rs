//! What a person decides about the quarantine, how much of it there may be, and what knowledge passes through it.

use docket_harness::world::Trouble;
use docket_server::auth::PersonChange;
use docket_server::commit::{CommitError, QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table, record};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::bodies::{CancelByOffice, Close};
use docket_sync_core::facts::{Author, FactBody, FactKind, Role};
use docket_sync_core::lifecycle::Causality;
use docket_sync_core::sync::frames::{Frame, QuarantineCode, StopCode};
use docket_sync_core::time::{DAY, HOUR};

use super::rogue::{self, ask};
use super::{Stage, note_by, notes};

impl Stage {
    /// Keys of what waits for a decision.
    pub(super) fn keys(&self) -> Result<Vec<Vec<u8>>, Trouble> {
        let _durable = self.world.office.hub.read();
        let rows = Tables::scan(self.world.office.store.as_ref(), Table::Quarantine, &KeyRange::all(), 10_000)?;
        let mut keys = Vec::new();
        for (key, value) in rows {
            let entry: QuarantineEntry = record::decode("quarantine", &value)?;
            if entry.decided.is_none() {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// The only one.
    fn key(&self) -> Result<Vec<u8>, Trouble> {
        let [key] = self.keys()?.try_into().map_err(|keys: Vec<_>| format!("{} in quarantine", keys.len()))?;
        Ok(key)
    }

    pub(super) async fn admit(&self, key: Vec<u8>) -> Result<(), CommitError> {
        let by = self.world.clerk;
        let job = move |writer: &mut docket_server::commit::Writer| writer.admit_refused(&key, by, "电话核实");
        self.world.office.committer.run(job).await.map(drop)
    }

    pub(super) async fn discard(&self, key: Vec<u8>) -> Result<(), CommitError> {
        let by = self.world.clerk;
        let job = move |writer: &mut docket_server::commit::Writer| writer.discard_refused(&key, by, "不属实");
        self.world.office.committer.run(job).await
    }
}

#[tokio::test]
async fn r10_what_a_supervisor_lets_in_counts_as_its_authors() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (zhangs, li) = (stage.zhangs, Author::Person(stage.li.person));
    stage.state(zhangs, li.clone(), note_by("帮忙看了一眼"))?;
    stage.world.sync(&mut stage.li).await?;
    let [(_, stated, QuarantineCode::OutOfScope)] = stage.li.client.status().refused[..] else {
        return Err(format!("{:?}", stage.li.client.status().refused).into());
    };
    stage.admit(stage.key()?).await?;

    let view = stage.world.view(zhangs).await?;
    assert_eq!(notes(&view), ["帮忙看了一眼"]);
    assert_eq!(view.notes[0].by, li, "its author's, not the supervisor's");
    let decided = &view.decided[0];
    assert!(decided.admitted && decided.fact == stated && decided.by == Author::Person(stage.world.clerk));
    assert!(stage.keys()?.is_empty());
    // Zhang has it, in the same view.
    stage.world.settle(&mut [&mut stage.zhang, &mut stage.li]).await?;
    assert_eq!(stage.zhang.show(zhangs)?.view, *view);
    // Twice is once.
    let entry = { Tables::scan(stage.world.office.store.as_ref(), Table::Quarantine, &KeyRange::all(), 9)? };
    let again = stage.admit(entry[0].0.clone()).await;
    assert!(matches!(again, Err(CommitError::AlreadyDone { .. })), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn r10_the_authors_device_shows_what_became_of_it() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    stage.state(one, li.clone(), Close {}.into())?;
    stage.state(one, li, CancelByOffice { reason: "客户走了".to_owned() }.into())?;
    stage.world.sync(&mut stage.li).await?;
    assert_eq!(stage.li.show(one)?.refused.len(), 2);
    let [first, second] = stage.keys()?.try_into().map_err(|_other| "two")?;
    stage.discard(first).await?;
    stage.admit(second).await?;
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    let shown = stage.li.show(one)?;
    let [refused] = shown.refused.as_slice() else { return Err(format!("{:?}", shown.refused).into()) };
    assert_eq!(refused.discarded.as_deref(), Some("不属实"), "left out, and why");
    assert_eq!(refused.fact.kind(), Some(FactKind::Close));
    let accepted = shown.view.decided.iter().find(|decided| decided.admitted).ok_or("accepted by the office")?;
    assert_eq!(accepted.reason, "电话核实");
    assert_eq!(shown.view, *stage.world.view(one).await?);
    // What was discarded is kept with its bytes, and the same again is not asked about again.
    let rows = Tables::scan(stage.world.office.store.as_ref(), Table::Quarantine, &KeyRange::all(), 9)?;
    assert_eq!(rows.len(), 2);
    assert!(stage.keys()?.is_empty());
    let mut cold = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut cold]).await?;
    assert_eq!(cold.show(one)?.view, shown.view);
    Ok(())
}

#[tokio::test]
async fn r10_only_what_is_a_fact_of_a_known_order_can_be_let_in() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let li = Author::Person(stage.li.person);
    stage.state(docket_sync_core::ids::DocumentId([0x17; 16]), li, note_by("没有的单"))?;
    stage.world.sync(&mut stage.li).await?;
    let refused = stage.admit(stage.key()?).await;
    assert!(matches!(refused, Err(CommitError::Invalid { code: "not_admissible", .. })), "{refused:?}");
    stage.discard(stage.key()?).await?;
    assert!(stage.keys()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn nobody_lets_anything_in_from_a_device() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let person = stage.li.person;
    let roles = PersonChange { roles: Some([Role::Technician, Role::Supervisor].into()), ..PersonChange::default() };
    let admin = stage.world.person("管理员", &[Role::Administrator]).await?;
    stage.world.office.committer.run(move |writer| writer.change_person(person, roles, admin)).await?;
    let body = docket_sync_core::facts::bodies::Admit {
        actor: docket_sync_core::ids::ActorId([1; 16]),
        sequence: 1,
        origin: None,
        author: Author::Person(stage.zhang.person),
        time: stage.world.now(),
        content: docket_sync_core::Bytes(
            docket_sync_core::facts::Content {
                level: 1,
                seen: Vec::new(),
                head: docket_sync_core::facts::Head::default(),
                body: note_by("张说的"),
            }
            .to_bytes(),
        ),
        code: QuarantineCode::OutOfScope,
        reason: "自己批".to_owned(),
    };
    stage.state(stage.one, Author::Person(person), body.into())?;
    stage.world.sync(&mut stage.li).await?;
    assert_eq!(stage.quarantine()?, [(stage.one, Some(QuarantineCode::NotPermitted))]);
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_full_quarantine_acknowledges_nothing_and_harms_nobody_else() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    // Two pushes of 500 fill it to the last place.
    for _ in 0..1_000 {
        stage.state(one, li.clone(), Close {}.into())?;
    }
    stage.world.sync(&mut stage.li).await?;
    assert_eq!(stage.keys()?.len(), 1_000);
    stage.state(one, li.clone(), Close {}.into())?;
    stage.note(one, "之后")?;
    let push = rogue::push_of(&mut stage.li)?;
    let answer = ask(&stage.world, &mut stage.li, vec![Frame::Push(push)]).await?;
    let stopped =
        answer.iter().any(|frame| matches!(frame, Frame::Stop(stop) if stop.code == StopCode::QuarantineFull));
    assert!(stopped && !answer.iter().any(|frame| matches!(frame, Frame::Ack(_))), "{answer:?}");
    assert_eq!(stage.keys()?.len(), 1_000);
    // Nobody else notices, and a decision makes room.
    stage.world.settle(&mut [&mut stage.zhang]).await?;
    // One for the refused fact, one for what is held behind it until it is stated again.
    for key in stage.keys()?.into_iter().take(2) {
        stage.discard(key).await?;
    }
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(notes(&*stage.world.view(one).await?), ["之后"]);
    assert_eq!(stage.keys()?.len(), 999);
    Ok(())
}

#[tokio::test]
async fn x_04_knowledge_passes_through_a_refused_fact() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, li) = (stage.one, Author::Person(stage.li.person));
    stage.note(one, "看过")?;
    stage.state(one, li.clone(), Close {}.into())?;
    stage.state(one, li, Close {}.into())?;
    stage.note(one, "再看")?;
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    let shown = stage.li.show(one)?;
    assert_eq!(shown.refused.len(), 2);
    let causality = Causality::new(&shown.facts);
    let note = |text: &str| {
        let is_it = |body: &FactBody| matches!(body, FactBody::AddNote(note) if note.text == text);
        causality.nodes().iter().copied().find(|node| is_it(node.fact.body())).ok_or("a note")
    };
    assert!(causality.knows(note("再看")?, note("看过")?), "he knew, although what lies between stays out");
    assert_eq!(shown.view, *stage.world.view(one).await?);
    Ok(())
}

#[tokio::test]
async fn a_second_content_that_somebody_carries_is_kept_apart_and_renews_nobody() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let one = stage.one;
    // A clone of Li's phone states another fact in the same place; Zhang carries both, under Li's envelopes.
    let mut clone = stage.li.cloned(77)?;
    stage.note(one, "原机")?;
    clone.act(one, &Command::Note { text: "副本".to_owned() })?;
    for push in [rogue::push_of(&mut stage.li)?, rogue::push_of(&mut clone)?] {
        let listed = rogue::listed(&push)?;
        stage.carry_by_zhang(push, listed).await?;
    }
    assert_eq!(stage.quarantine()?, [(one, Some(QuarantineCode::TwoContents))]);
    assert_eq!(notes(&*stage.world.view(one).await?), ["原机"]);
    // The supervisor keeps both branches.
    stage.admit(stage.key()?).await?;
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    let view = stage.world.view(one).await?;
    let mut texts = notes(&view);
    texts.sort_unstable();
    assert_eq!(texts, ["副本", "原机"]);
    Ok(())
}

#[tokio::test]
async fn a_role_of_before_the_device_was_enrolled_gives_no_right_on_it() -> Result<(), Trouble> {
    let stage = Stage::new().await?;
    let admin = stage.world.person("管理员", &[Role::Administrator]).await?;
    // Wang was a supervisor; now he is a technician with a phone.
    let wang = stage.world.person("老王", &[Role::Supervisor, Role::Technician]).await?;
    stage.world.pass(DAY);
    let less = PersonChange { roles: Some([Role::Technician].into()), ..PersonChange::default() };
    stage.world.office.committer.run(move |writer| writer.change_person(wang, less, admin)).await?;
    stage.world.pass(DAY);
    let mut phone = stage.world.enrol(wang).await?;
    stage.world.assign(stage.other, wang).await?;
    stage.world.settle(&mut [&mut phone]).await?;
    // His fact claims to be two days old, when he might have closed the order.
    let other = stage.other;
    let mut push = {
        let head = docket_sync_core::facts::Head::default();
        let fact = docket_client::replica::NewFact {
            document: other,
            author: Author::Person(wang),
            seen: Vec::new(),
            head,
            body: Close {}.into(),
            claimed: None,
            proof: None,
        };
        phone.client.replica_mut().state_fact(fact)?;
        rogue::push_of(&mut phone)?
    };
    rogue::change(&mut push, |stated| stated.content.head.lo_offset = Some(-2 * DAY + HOUR))?;
    rogue::cover(&mut push, &stage.world, &phone, 900)?;
    let answer = ask(&stage.world, &mut phone, vec![Frame::Push(push)]).await?;
    assert!(answer.iter().any(|frame| matches!(frame, Frame::Ack(ack) if !ack.exceptions.is_empty())), "{answer:?}");
    assert_eq!(stage.quarantine()?, [(other, Some(QuarantineCode::NotPermitted))]);
    Ok(())
}

#[tokio::test]
async fn a_technician_who_left_leaves_what_he_has_and_gets_nothing() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, person) = (stage.one, stage.li.person);
    stage.note(one, "离职前")?;
    stage.world.pass(HOUR);
    let admin = stage.world.person("管理员", &[Role::Administrator]).await?;
    let gone = PersonChange { active: Some(false), ..PersonChange::default() };
    stage.world.office.committer.run(move |writer| writer.change_person(person, gone, admin)).await?;
    stage.world.pass(HOUR);
    let office_note = stage.world.act(stage.world.clerk, one, Command::Note { text: "不给他看".to_owned() });
    office_note.await?;
    for _ in 0..2 {
        let stopped = stage.world.sync(&mut stage.li).await.err().ok_or("stopped")?;
        assert!(stopped.to_string().contains("deactivated"), "{stopped}");
    }
    assert_eq!(stage.li.client.status().pending, None, "what he had was taken");
    let mut texts: Vec<String> = notes(&*stage.world.view(one).await?).into_iter().map(str::to_owned).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["不给他看", "离职前"]);
    assert_eq!(notes(&stage.li.show(one)?.view), ["离职前"], "nothing came");
    Ok(())
}
