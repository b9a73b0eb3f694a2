//! What is held behind a refused fact, whoever carried it, when its phone does not come back for it.

use docket_harness::world::Trouble;
use docket_server::commit::CommitError;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::{Author, FactBody, Role};
use docket_sync_core::lifecycle::Causality;
use docket_sync_core::lifecycle::view::OrderState;
use docket_sync_core::proof::{Envelope, EnvelopeDocument};
use docket_sync_core::sync::frames::{Cover, Frame, Push, QuarantineCode};
use docket_sync_core::time::HOUR;

use super::rogue::{self, ask};
use super::{Stage, note_by, notes};

impl Stage {
    /// Zhang brings a push under an envelope that Li's phone signed over these changes.
    pub(super) async fn carry_by_zhang(
        &mut self,
        mut push: Push,
        listed: Vec<EnvelopeDocument>,
    ) -> Result<(), Trouble> {
        let (replica, key) = (self.li.client.replica(), self.li.signing_key()?);
        let (store, device) = (self.world.office.identity.store, replica.identity().device);

        let envelope = Envelope::signed(store, device, 500, listed, &key);
        push.cover = Cover::Relayed { envelope, certificate: replica.certificate().to_bytes() };
        let answer = ask(&self.world, &mut self.zhang, vec![Frame::Push(push)]).await?;
        assert!(answer.iter().any(|frame| matches!(frame, Frame::Ack(_))), "{answer:?}");
        assert!(!answer.iter().any(|frame| matches!(frame, Frame::Renew(_))), "{answer:?}");
        Ok(())
    }

    /// Li's phone pushes what he had no right to state and good work behind it, hears no answer, and falls into a lake.
    async fn drown(&mut self) -> Result<(), Trouble> {
        self.overstep()?;
        self.world.sync_losing_the_answer(&mut self.li).await?;
        self.good_work_is_held()
    }

    /// Li states on his phone what he had no right to, and good work behind it.
    fn overstep(&mut self) -> Result<(), Trouble> {
        let (document, author) = (self.one, Author::Person(self.li.person));
        let (seen, head) = (
            self.li.show(document)?.view.frontier,
            docket_sync_core::facts::Head { role: Some(Role::Supervisor), ..Default::default() },
        );
        let body = note_by("自称主管");
        let fact = docket_client::replica::NewFact { document, author, seen, head, body, claimed: None, proof: None };
        self.li.client.replica_mut().state_fact(fact)?;
        self.li.begin(document)?;
        self.note(document, "水停了")
    }

    fn good_work_is_held(&self) -> Result<(), Trouble> {
        let codes: Vec<_> = self.quarantine()?.into_iter().map(|(_, code)| code).collect();
        assert_eq!(codes[0], Some(QuarantineCode::NotPermitted));
        assert!(codes.len() > 4 && codes[1..].iter().all(Option::is_none), "held: {codes:?}");
        Ok(())
    }
}

#[tokio::test]
async fn r10_what_is_held_behind_a_decided_one_is_let_in_although_its_phone_never_comes() -> Result<(), Trouble> {
    for admitted in [false, true] {
        let mut stage = Stage::new().await?;
        let one = stage.one;
        stage.drown().await?;
        let keys = stage.keys()?;
        let [head, held @ ..] = keys.as_slice() else { return Err("keys".into()) };
        // In the order of the chain only: nobody decides about what stands behind something open.
        for key in held {
            for refused in [stage.admit(key.clone()).await, stage.discard(key.clone()).await] {
                assert!(matches!(refused, Err(CommitError::Invalid { code: "not_admissible", .. })), "{refused:?}");
            }
        }
        if admitted {
            stage.admit(head.clone()).await?;
        } else {
            stage.discard(head.clone()).await?;
        }
        let refused = stage.admit(held[1].clone()).await;
        assert!(matches!(refused, Err(CommitError::Invalid { code: "not_admissible", .. })), "{refused:?}");
        for key in held {
            stage.admit(key.clone()).await?;
        }
        assert!(stage.keys()?.is_empty());
        let view = stage.world.view(one).await?;
        assert_eq!(view.state, OrderState::InProgress);
        let expected: &[&str] = if admitted { &["自称主管", "水停了"] } else { &["水停了"] };
        assert_eq!(notes(&view), expected);
        assert!(view.notes.iter().all(|note| note.by == Author::Person(stage.li.person)), "its author's");

        // The phone is found: it states the same, which counts once.
        stage.world.pass(HOUR);
        stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
        let back = stage.world.view(one).await?;
        assert_eq!((back.state, notes(&back)), (OrderState::InProgress, expected.to_vec()));
        assert_eq!((&back.visits, &back.reviews), (&view.visits, &view.reviews));
        assert_eq!(stage.li.show(one)?.view, *back);
        assert!(stage.keys()?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn r10_what_a_colleague_carried_is_let_in_when_its_proof_was_good_and_only_then() -> Result<(), Trouble> {
    for cuts in [false, true] {
        let mut stage = Stage::new().await?;
        stage.overstep()?;
        // Li's phone breaks; Zhang has what it had given him. Cut, the list of the envelope lacks the last change.
        let push = rogue::push_of(&mut stage.li)?;
        let mut listed = rogue::listed(&push)?;
        if cuts {
            listed[0].changes.pop();
        }
        stage.carry_by_zhang(push, listed).await?;
        let codes: Vec<_> = stage.quarantine()?.into_iter().map(|(_, code)| code).collect();
        let last = cuts.then_some(QuarantineCode::NoProof);
        assert_eq!((codes[0], codes[1], codes.last()), (Some(QuarantineCode::NotPermitted), None, Some(&last)));
        let keys = stage.keys()?;
        let (last, before) = keys.split_last().ok_or("keys")?;
        stage.discard(before[0].clone()).await?;
        for key in &before[1..] {
            stage.admit(key.clone()).await?;
        }
        assert_eq!(stage.world.view(stage.one).await?.state, OrderState::InProgress, "his visit counts");
        if !cuts {
            stage.admit(last.clone()).await?;
            let view = stage.world.view(stage.one).await?;
            assert_eq!(notes(&view), ["水停了"]);
            assert_eq!(view.notes[0].by, Author::Person(stage.li.person), "its author's, not who carried it");
        }
    }
    Ok(())
}

#[tokio::test]
async fn r10_what_a_colleague_carried_counts_as_its_authors_whatever_first_fact_somebody_plants() -> Result<(), Trouble>
{
    let mut stage = Stage::new().await?;
    stage.overstep()?;
    let push = rogue::push_of(&mut stage.li)?;
    // Before it Zhang brings the same chain with another author in its first fact, which nothing vouches for.
    let (mut forged, other) = (push.clone(), Author::Person(stage.zhang.person));
    rogue::change(&mut forged, |stated| {
        stated.statement.author = stated.statement.author.as_ref().map(|_| other.clone())
    })?;
    forged.cover = Cover::None;
    ask(&stage.world, &mut stage.zhang, vec![Frame::Push(forged)]).await?;
    let listed = rogue::listed(&push)?;
    stage.carry_by_zhang(push, listed).await?;
    let keys = stage.keys()?;
    let [planted, refused, held @ ..] = keys.as_slice() else { return Err("keys".into()) };
    for first in [planted, refused] {
        stage.discard(first.clone()).await?;
    }
    for key in held {
        stage.admit(key.clone()).await?;
    }
    let view = stage.world.view(stage.one).await?;
    assert_eq!((view.state, notes(&view)), (OrderState::InProgress, vec!["水停了"]));
    assert_eq!(view.notes[0].by, Author::Person(stage.li.person));
    assert_eq!(view.visits[0].technician, stage.li.person);
    Ok(())
}

#[tokio::test]
async fn x_04_knowledge_passes_through_what_a_colleague_carried() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, clerk) = (stage.one, stage.world.clerk);
    stage.world.act(clerk, one, Command::Note { text: "客户改了时间".to_owned() }).await?;
    stage.world.settle(&mut [&mut stage.li]).await?;
    stage.overstep()?;
    let push = rogue::push_of(&mut stage.li)?;
    let listed = rogue::listed(&push)?;
    stage.carry_by_zhang(push, listed).await?;
    let keys = stage.keys()?;
    let (refused, held) = keys.split_first().ok_or("keys")?;
    stage.discard(refused.clone()).await?;
    for key in held {
        stage.admit(key.clone()).await?;
    }
    let mut another = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut another]).await?;
    let shown = another.show(one)?;
    let causality = Causality::new(&shown.facts);
    let note = |text: &str| {
        let is_it = |body: &FactBody| matches!(body, FactBody::AddNote(note) if note.text == text);
        causality.nodes().iter().copied().find(|node| is_it(node.fact.body())).ok_or("a note")
    };
    assert!(causality.knows(note("水停了")?, note("客户改了时间")?), "he had read it before he overstepped");
    Ok(())
}

#[tokio::test]
async fn r10_what_is_held_and_left_out_is_nobodys_matter_until_its_phone_comes() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    stage.drown().await?;
    for key in stage.keys()? {
        stage.discard(key).await?;
    }
    assert!(stage.keys()?.is_empty());
    assert!(stage.world.view(stage.one).await?.notes.is_empty());
    stage.world.pass(HOUR);
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang]).await?;
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["水停了"], "the gate judges it as any other");
    assert!(stage.keys()?.is_empty());
    Ok(())
}
