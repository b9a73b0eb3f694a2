//! Every story of `sync-core/src/lifecycle/scenario` through real replicas: four phones, the session, the server's
//! own commit path. What each of them shows at the end is what the story expects, and they say so in the same words.
//!
//! A [`Replicas`] is a stage as the fold's own is: a new story is played here without another line. What one set of
//! facts means in every order of delivery is proven beside the fold.

use std::collections::BTreeMap;

use docket_harness::world::{Device, Trouble, World, at_once};
use docket_server::commit::{Statement, quarantine_total};
use docket_sync_core::commands::{Act, Command, default_author};
use docket_sync_core::facts::{Author, FactBody, FactKind, Head, Ledger, Role};
use docket_sync_core::ids::{ACTOR_PREFIX, Digest, DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::companion::field_facts;
use docket_sync_core::lifecycle::scenario::{START, STORIES, Stage, Story, Who};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::lifecycle::{Causality, FactSet, Language, explain, fold};
use docket_sync_core::sync::message::{Plain, pack, unpack};
use docket_sync_core::time::MINUTE;

use docket_client::replica::NewFact;
use docket_client::sync::{Exchange, SyncReport};

/// What happens to a phone with unsent work before it exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Plain,
    /// Its incarnation is lost: everything unsent is stated again under another actor.
    Renewed,
    /// The server took the push and the answer was lost; the phone starts again.
    AnswerLost,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Plain, Self::Renewed, Self::AnswerLost];
}

/// A company of real replicas on which a story is played.
struct Replicas {
    world: World,
    order: DocumentId,
    fate: Fate,
    people: BTreeMap<Who, PersonId>,
    phones: BTreeMap<Who, Device>,
    /// The next number of each phone's own blocks.
    numbers: BTreeMap<(Who, Ledger), u64>,
    /// What the pages of people at the office show.
    pages: BTreeMap<Who, FactSet>,
    /// Every message that a phone got, as it is behind its compression.
    heard: Vec<Vec<u8>>,
}

impl Replicas {
    fn new(fate: Fate) -> Result<Self, Trouble> {
        let world = World::stepped(3, START)?;
        let order = DocumentId::new(START, [1; 10]);
        let (mut people, mut phones, mut numbers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for who in Who::ALL.iter().filter(|who| !who.roles().is_empty() && who.himself() == **who) {
            // Only who goes out, too, has a device of his own to sign on.
            let goes_out = matches!(who, Who::Supervisor | Who::Accountant).then_some(Role::Technician);
            let roles: Vec<Role> = who.roles().iter().copied().chain(goes_out).collect();
            let person = at_once(world.person(&format!("{who:?}"), &roles))??;
            people.insert(*who, person);
        }
        for who in Who::ALL.iter().filter(|who| who.is_technician()) {
            let person = people.get(&who.himself()).copied().ok_or("a person")?;
            let phone = at_once(world.enrol(person))??;
            let device = phone.client.replica().identity().device;
            for ledger in [Ledger::Custody, Ledger::Cash] {
                let issue =
                    move |writer: &mut docket_server::commit::Writer| writer.issue_block(device, ledger, 100, None);
                let block = at_once(world.office.committer.run(issue))??;
                numbers.insert((*who, ledger), block.first);
            }
            phones.insert(*who, phone);
        }
        Ok(Self { world, order, fate, people, phones, numbers, pages: BTreeMap::new(), heard: Vec::new() })
    }

    /// A fact on a page at the office; the page is not drawn again, it gains this fact.
    fn states_at_office(&mut self, who: Who, head: Head, body: FactBody) -> Result<FactId, Trouble> {
        let order = self.order;
        let page = self.pages.entry(who).or_insert_with(|| FactSet::new(order));
        let seen = Some(Causality::new(page).frontier());
        let author = if who == Who::Timer { default_author() } else { Author::Person(self.people[&who]) };
        let statement = Statement { author, head, body, seen };
        let job = move |writer: &mut docket_server::commit::Writer| {
            let id = writer.state(order, statement)?;
            let fact = writer.both(order)?.get(id).cloned();
            Ok((id, fact))
        };
        let (id, fact) = at_once(self.world.office.committer.run(job))??;
        self.pages.entry(who).or_insert_with(|| FactSet::new(order)).insert(fact.ok_or("the fact")?);
        Ok(id)
    }

    /// The next number of the phone's own block.
    fn next_number(&mut self, who: Who, ledger: Ledger) -> String {
        let next = self.numbers.entry((who, ledger)).or_default();
        *next += 1;
        ledger.printed(*next - 1)
    }

    /// A fact on what the phone shows now; nobody else has it. Stories make receipts' numbers up.
    fn states_on_phone(&mut self, who: Who, head: Head, mut body: FactBody) -> Result<FactId, Trouble> {
        match &mut body {
            FactBody::TakeCustody(taken) => taken.receipt = self.next_number(who, Ledger::Custody),
            FactBody::CollectCash(collected) => collected.receipt = self.next_number(who, Ledger::Cash),
            _ => {}
        }
        if let Some(witnesses) = head.witnesses {
            let persons: Vec<PersonId> = witnesses.iter().map(|witness| witness.person).collect();
            return self.states_witnessed(who, &persons, body);
        }
        let (order, author) = (self.order, Author::Person(self.person(who)));
        let phone = self.phones.get_mut(&who).ok_or("a phone")?;
        let is_here = phone.client.list()?.iter().any(|(listed, _)| *listed == order);
        let seen = if is_here { phone.show(order)?.view.frontier } else { Vec::new() };
        let claimed = head.claimed_offset.map(|offset| self.world.now().plus(offset));
        let fact = NewFact { document: order, author, seen, head, body, claimed, proof: None };
        Ok(phone.client.replica_mut().state_fact(fact)?)
    }

    /// A fact that others sign on devices of their own before it is stated; stories make their signatures up.
    fn states_witnessed(&mut self, who: Who, witnesses: &[PersonId], body: FactBody) -> Result<FactId, Trouble> {
        let phone = self.phones.get_mut(&who).ok_or("a phone")?;
        let shown = phone.show(self.order)?;
        let draft = phone.client.draft(&shown, &Command::State(Box::new(Act::new(body))))?;
        let mut signed = Vec::new();
        for person in witnesses {
            let his = self.phones.values().find(|phone| phone.person == *person);
            signed.push(match his {
                Some(phone) => phone.client.witness(&draft)?,
                None => at_once(self.world.enrol(*person))??.client.witness(&draft)?,
            });
        }
        let phone = self.phones.get_mut(&who).ok_or("a phone")?;
        Ok(phone.client.confirm(&draft, signed)?.fact)
    }

    /// The phone exchanges everything with the server, after what its fate does to it.
    fn exchange(&mut self, who: Who) -> Result<(), Trouble> {
        let Self { world, phones, fate, heard: heard_so_far, .. } = self;
        let phone = phones.get_mut(&who).ok_or("a phone")?;
        if phone.client.replica().journal().any(docket_client::replica::JournalEntry::waits) {
            match fate {
                Fate::Plain => {}
                Fate::Renewed => phone.lose_incarnation()?,
                Fate::AnswerLost => {
                    at_once(world.sync_losing_the_answer(phone))??;
                    phone.restart()?;
                }
            }
        }
        let report = heard(world, phone, heard_so_far)?;
        let refused = phone.client.status().refused;
        if report.unsent != 0 || report.verified == Some(false) || !refused.is_empty() {
            return Err(format!("{who:?}'s phone did not come to rest: {report:?}, refused {refused:?}").into());
        }
        Ok(())
    }

    /// What the office has, and what every phone shows that holds the order, one enrolled last included.
    fn check(&mut self, story: &Story) -> Result<(), Trouble> {
        let person = |who: Who| self.person(who);
        let (expected, facts) = ((story.expected)(), self.office_facts());
        let view = fold(&facts);
        let differences = expected.differences(&view, &facts, &person);
        assert!(differences.is_empty(), "{}, at the office:\n{}", story.name, differences.join("\n"));
        assert_eq!(*at_once(self.world.view(self.order))??, view, "{}: the view that the server keeps", story.name);
        assert_eq!(quarantine_total(self.world.office.store.as_ref())?, 0, "{}: nothing is kept apart", story.name);
        let field = field_facts(&facts);
        let shown_to_all = fold(&field);
        let said = words(&shown_to_all, &field);

        let mut last = at_once(self.world.enrol(self.person(Who::A)))??;
        heard(&self.world, &mut last, &mut self.heard)?;
        let mut holders = 0;
        for (name, phone) in self.phones.iter().chain([(&Who::Timer, &last)]) {
            if !phone.client.list()?.iter().any(|(listed, _)| *listed == self.order) {
                continue;
            }
            let shown = phone.show(self.order)?;
            assert!(shown.refused.is_empty() && shown.unsent.is_empty(), "{}: {name:?} keeps facts back", story.name);
            assert_eq!(shown.view, shown_to_all, "{}: {name:?}'s phone shows something else", story.name);
            assert_eq!(words(&shown.view, &shown.facts), said, "{}: {name:?}'s phone says something else", story.name);
            holders += 1;
        }
        assert!(holders > 0 || view.assignments.is_empty(), "{}: nobody has the order", story.name);
        self.check_what_was_heard(&facts, story);
        Ok(())
    }

    /// Invariant 14: no byte of an office fact, its actor or its document in any message that a phone got.
    fn check_what_was_heard(&self, facts: &FactSet, story: &Story) {
        let is_heard = |secret: &[u8]| {
            self.heard.iter().any(|message| message.windows(secret.len()).any(|window| window == secret))
        };
        for fact in facts.iter().filter(|fact| fact.is_of_office()) {
            assert!(!is_heard(&fact.id.actor.0[..ACTOR_PREFIX]), "{}: a phone heard of an office actor", story.name);
        }
        assert!(!is_heard(&self.order.companion().0), "{}: a phone heard of the companion", story.name);
        let dispatched = facts.iter().any(|fact| fact.kind() == Some(FactKind::Assign));
        assert!(!dispatched || is_heard(&self.order.0), "{}: the search would find it", story.name);
    }
}

/// A complete sync, whose messages are kept as they are behind their compression.
fn heard(world: &World, phone: &mut Device, heard: &mut Vec<Vec<u8>>) -> Result<SyncReport, Trouble> {
    let replica = phone.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    while let Some(message) = exchange.next_message(replica)? {
        let answer = at_once(world.carry(&message))??;
        heard.push(pack(&unpack(&answer)?, &mut Plain));
        exchange.answered(replica, &answer)?;
    }
    Ok(exchange.report(replica))
}

/// The explanation in both languages, as bytes.
fn words(view: &OrderView, facts: &FactSet) -> Vec<Vec<u8>> {
    let said = |language: &Language| format!("{:?}", explain(view, facts, *language)).into_bytes();
    Language::ALL.iter().map(said).collect()
}

impl Stage for Replicas {
    fn act(&mut self, who: Who, head: Head, body: FactBody) -> FactId {
        self.world.pass_for(&self.phones.values().collect::<Vec<_>>(), MINUTE);
        let head = Head { role: who.stated_role(&body), ..head };
        let told = format!("{who:?} states {body:?}");
        let stated = if who.is_technician() {
            self.states_on_phone(who, head, body)
        } else {
            self.states_at_office(who, head, body)
        };
        stated.unwrap_or_else(|error| panic!("{told}: {error}"))
    }

    fn look(&mut self, who: Who) {
        if who.is_technician() {
            self.exchange(who).unwrap_or_else(|error| panic!("{error}"));
        } else {
            let facts = self.office_facts();
            self.pages.insert(who, facts);
        }
    }

    fn person(&self, who: Who) -> PersonId {
        // The timer is nobody.
        self.people.get(&who.himself()).copied().unwrap_or(PersonId([0; 16]))
    }

    fn office_facts(&self) -> FactSet {
        let order = self.order;
        let job = move |writer: &mut docket_server::commit::Writer| {
            if writer.order(order)?.is_some() { writer.both(order) } else { Ok(FactSet::new(order)) }
        };
        let facts = at_once(self.world.office.committer.run(job)).and_then(|facts| Ok(facts?));
        facts.unwrap_or_else(|error| panic!("{error}"))
    }

    fn digest(&self, fact: FactId) -> Digest {
        let on_phones = self.phones.values().filter_map(|phone| phone.show(self.order).ok()).map(|shown| shown.facts);
        let sets: Vec<FactSet> = on_phones.chain([self.office_facts()]).collect();
        let found = sets.iter().find_map(|facts| facts.get(fact));
        found.unwrap_or_else(|| panic!("nobody has {fact}")).digest
    }
}

/// Plays one story on real replicas, once for each fate of the phones.
fn through_replicas(name: &str) -> Result<(), Trouble> {
    let story = STORIES.iter().find(|story| story.name == name).ok_or("a story")?;
    for fate in Fate::ALL {
        let mut replicas = Replicas::new(fate)?;
        (story.play)(&mut replicas);
        let stage: &mut dyn Stage = &mut replicas;
        stage.everyone_looks();
        replicas.check(story).map_err(|error| format!("{name}, {fate:?}: {error}"))?;
    }
    Ok(())
}

macro_rules! tests {
    ($($file:ident { $($name:ident),* $(,)? })*) => { $($(
        #[test]
        fn $name() -> Result<(), Trouble> {
            through_replicas(stringify!($name))
        }
    )*)* };
}
docket_sync_core::for_each_story!(tests);
