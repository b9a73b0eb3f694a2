//! A store that an older program wrote is opened by this one: what that program did not keep or did not know is made
//! up for, and its devices notice nothing but that (sync.md, Versions).

use docket_client::client::Shown;
use docket_harness::world::{Device, Trouble, World, at_once};
use docket_server::commit::listing::{OrderList, Sorted, open_reviews, reviews_page};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{Batch, Entry, KeyRange, MemoryStore, Order, Store, Table, record};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{AddNote, CreateEmergencyOrder};
use docket_sync_core::facts::values::EmergencyBasis;
use docket_sync_core::facts::{Content, FactBody, SCHEMA_LEVEL, StatedFact, Statement, as_level};
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::proof;
use docket_sync_core::sync::device::DeviceSession;
use docket_sync_core::sync::frames::{Ack, AckRun, Cover, Frame, Outcome, Push, QuarantineCode};
use docket_sync_core::sync::message::{Plain, pack, unpack};
use docket_sync_core::time::{HOUR, UnixMillis};

/// Meta: what the program that opened the store last had done to it.
const OPENED: &[u8] = b"opened";

fn entries(store: &MemoryStore, table: Table, prefix: &[u8]) -> Result<Vec<Entry>, Trouble> {
    Ok(Store::scan(store, table, &KeyRange::prefix(prefix), 100_000, Order::Forward)?)
}

/// All entries of the lists. A counter that came down to zero says as much as one that is not there.
fn lists(store: &MemoryStore) -> Result<Vec<(Table, Entry)>, Trouble> {
    let mut all = Vec::new();
    for prefix in [b"n".as_slice(), b"os", b"ot", b"ob"] {
        let found = entries(store, Table::Index, prefix)?.into_iter().filter(|(_, value)| *value != [0]);
        all.extend(found.map(|entry| (Table::Index, entry)));
    }
    all.extend(entries(store, Table::Review, b"")?.into_iter().map(|entry| (Table::Review, entry)));
    Ok(all)
}

fn remove(store: &MemoryStore, keys: impl IntoIterator<Item = (Table, Vec<u8>)>) -> Result<(), Trouble> {
    let mut batch = Batch::new();
    for (table, key) in keys {
        batch.remove(table, key);
    }
    store.apply(&batch)?;
    Ok(store.flush()?)
}

/// The technician arrives without a signal while the office cancels: the supervisor has to decide.
async fn contest(world: &World, li: &mut Device, order: DocumentId) -> Result<(), Trouble> {
    let shown = li.client.show(order)?;
    let shown = li.client.execute(&shown, &Command::Depart)?.order;
    let visit = shown.view.visits.first().ok_or("a visit")?.id.reference();
    li.client.execute(&shown, &Command::Arrive { visit: Some(visit), place: None })?;
    world.act(world.clerk, order, Command::Cancel { reason: "客户不需要了".to_owned() }).await?;
    world.settle(&mut [li]).await
}

#[tokio::test]
async fn a_store_without_lists_shows_every_order_and_review_after_the_upgrade() -> Result<(), Trouble> {
    let world = World::new(41).await?;
    let mut li = world.technician("李师傅").await?;
    let mut orders = Vec::new();
    for number in 0..9 {
        orders.push(world.order(&format!("第 {number} 单")).await?);
    }
    for order in orders.iter().take(5) {
        world.assign(*order, li.person).await?;
    }
    world.settle(&mut [&mut li]).await?;
    contest(&world, &mut li, orders[0]).await?;
    contest(&world, &mut li, orders[1]).await?;
    let before = lists(&world.store)?;
    let world = world.restarted(|store| {
        let old = lists(store)?.into_iter().map(|(table, (key, _))| (table, key));
        remove(store, old.chain([(Table::Meta, OPENED.to_vec())]))?;
        assert_eq!(lists(store)?, []);
        Ok(())
    })?;
    assert!(lists(&world.store)? == before, "entry for entry as they were kept all along");
    let store: &dyn Store = world.store.as_ref();
    let his = OrderList { state: None, technician: Some(li.person) };
    assert_eq!((his.length(store)?, OrderList::default().length(store)?), (5, 9));
    assert_eq!(open_reviews(store)?, 2);
    let listed = reviews_page(store, Sorted::Due, None, 10)?;
    assert!(listed.iter().all(|review| orders[..2].contains(&review.order)) && listed.len() == 2);
    Ok(())
}

/// Notes that an order shows.
fn notes(view: &OrderView) -> Vec<&str> {
    view.notes.iter().map(|note| note.text.as_str()).collect()
}

/// The device pushes to a server that does not know the kind of the first fact of the push: it is told so, and goes on
/// as devices do. Gives what that server keeps in quarantine.
async fn push_to_older(world: &World, li: &mut Device) -> Result<QuarantineEntry, Trouble> {
    li.client.replica_mut().begin_session();
    let mut session = DeviceSession::single();
    let mut frames = session.start(li.client.replica_mut())?;
    let at = frames.iter().position(|frame| matches!(frame, Frame::Push(_))).ok_or("a push")?;
    let Frame::Push(push) = frames.remove(at) else { return Err("a push".into()) };
    let Some(Frame::Hello(hello)) = frames.first_mut() else { return Err("a Hello".into()) };
    hello.travels = None;
    let (key, store) = (li.signing_key()?, world.office.identity.store);
    hello.signature = proof::sign(&key, &hello.signed_bytes(store));
    let mut answer = unpack(&world.carry(&pack(&frames, &mut Plain)).await?)?;
    let (ack, entry) = refusal(&push, li.client.replica().identity().device, world)?;
    let welcome = answer.iter().position(|frame| matches!(frame, Frame::Welcome(_))).ok_or("a Welcome")?;
    answer.insert(welcome + 1, Frame::Ack(ack));
    session.receive(li.client.replica_mut(), answer)?;
    Ok(entry)
}

fn refusal(push: &Push, device: DeviceId, world: &World) -> Result<(Ack, QuarantineEntry), Trouble> {
    let Cover::Own { counter, .. } = push.cover else { return Err("an own cover".into()) };
    let (document, records) = push.records.unpack()?.pop().ok_or("records")?;
    let record = records.first().ok_or("a record")?.clone();
    let run = |first, count, outcome| AckRun { document, actor: record.actor, first, count, outcome };
    let held = Outcome::Held { missing: record.sequence };
    let behind = u64::try_from(records.len())? - 1;
    let code = QuarantineCode::NewerKind;
    let mut exceptions = vec![run(record.sequence, 1, Outcome::Quarantined { code })];
    if behind > 0 {
        exceptions.push(run(record.sequence + 1, behind, held));
    }
    let ack = Ack { counter, number: world.log_length(), exceptions, ..Ack::default() };
    Ok((ack, entry(document, record, device, world)))
}

fn entry(
    document: DocumentId,
    record: docket_sync_core::document::Record,
    device: DeviceId,
    world: &World,
) -> QuarantineEntry {
    let code = Some(QuarantineCode::NewerKind);
    QuarantineEntry { document, record, hash: None, code, device, received_at: world.now(), decided: None, good: None }
}

fn place(document: DocumentId, actor: ActorId, sequence: u64) -> Vec<u8> {
    [document.0.as_slice(), &actor.0, &sequence.to_be_bytes()].concat()
}

/// Puts an entry where an older program would have left it, and counts it for its device.
fn leave(store: &MemoryStore, entry: &QuarantineEntry) -> Result<(), Trouble> {
    let mut batch = Batch::new();
    let key = place(entry.document, entry.record.actor, entry.record.sequence);
    batch.put(Table::Quarantine, key, record::encode(entry));
    let load = [1, u64::try_from(entry.record.bytes.len())?];
    batch.put(Table::Meta, load_key(entry.device), record::encode(&load));
    batch.remove(Table::Meta, OPENED.to_vec());
    store.apply(&batch)?;
    Ok(store.flush()?)
}

fn load_key(device: DeviceId) -> Vec<u8> {
    [b"quarantine/".as_slice(), &device.0].concat()
}

#[tokio::test]
async fn u_15_a_fact_of_a_kind_that_was_not_known_enters_after_the_upgrade() -> Result<(), Trouble> {
    let world = World::new(42).await?;
    let (mut li, mut zhang) = (world.technician("李师傅").await?, world.technician("张师傅").await?);
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li, &mut zhang]).await?;
    for text in ["以后才认识", "在它之后"] {
        li.act(order, &Command::Note { text: text.to_owned() })?;
    }
    let entry = push_to_older(&world, &mut li).await?;
    let device = entry.device;
    assert_eq!(li.client.status().refused.len(), 1, "the device shows it as not accepted");
    world.settle(&mut [&mut li, &mut zhang]).await?;
    assert_eq!(notes(&*world.view(order).await?), ["在它之后"]);

    let world = world.restarted(|store| leave(store, &entry))?;
    assert_eq!(notes(&*world.view(order).await?), ["以后才认识", "在它之后"]);
    let left: Option<[u64; 2]> = (world.store.as_ref() as &dyn Store).read(Table::Meta, &load_key(device))?;
    assert_eq!(left, Some([0, 0]), "nothing of the device lies in quarantine");
    assert_eq!(entries(&world.store, Table::Quarantine, b"")?, []);
    // The device hears of it as of any news, and so does a fresh one.
    world.pass(HOUR);
    world.settle(&mut [&mut li, &mut zhang]).await?;
    assert_eq!((li.client.status().refused.len(), li.client.status().differences), (0, 0));
    assert_eq!(li.show(order)?.view, *world.view(order).await?);
    let mut cold = world.enrol(li.person).await?;
    world.settle(&mut [&mut cold]).await?;
    assert_eq!(cold.show(order)?.view, *world.view(order).await?);
    Ok(())
}

#[test]
fn u_15_an_order_that_began_in_a_kind_that_was_not_known_is_whole_after_the_upgrade() -> Result<(), Trouble> {
    let world = World::stepped(45, UnixMillis(1_780_270_200_000))?;
    let mut li = at_once(world.technician("李师傅"))??;
    at_once(world.sync(&mut li))??;
    // Repair first, paper after (C-045): the kind of the first fact is of level 2, the notes' are not.
    let order = DocumentId::new(world.now(), [7; 10]);
    let begin = CreateEmergencyOrder {
        basis: EmergencyBasis::ALL[0],
        problem: "漏水".to_owned(),
        contact: "门卫 老王".to_owned(),
        customer: None,
        site: None,
        unit: None,
    };
    let shown = Shown::of(order, FactSet::new(order));
    li.client.execute(&shown, &Command::State(Box::new(Act::new(begin))))?;
    li.act(order, &Command::Note { text: "第一条".to_owned() })?;
    li.act(order, &Command::Note { text: "第二条".to_owned() })?;
    let synced = as_level(SCHEMA_LEVEL - 1, || at_once(world.sync(&mut li)))?;
    synced?;
    assert_eq!(li.client.status().refused.len(), 3);

    let world = world.restarted(|store| remove(store, [(Table::Meta, OPENED.to_vec())]))?;
    let store: &dyn Store = world.store.as_ref();
    assert_eq!(entries(&world.store, Table::Quarantine, b"")?, []);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let view = runtime.block_on(world.view(order))?;
    assert_eq!(notes(&view), ["第一条", "第二条"]);
    assert!(view.request.as_ref().is_some_and(|request| request.serial.is_some()), "it has its number of the register");
    let left: Option<[u64; 2]> = store.read(Table::Meta, &load_key(li.client.replica().identity().device))?;
    assert_eq!(left, Some([0, 0]));
    world.pass(HOUR);
    runtime.block_on(world.settle(&mut [&mut li]))?;
    assert_eq!((li.client.status().refused.len(), li.client.status().differences), (0, 0));
    assert_eq!(li.show(order)?.view, *runtime.block_on(world.view(order))?);
    Ok(())
}

#[tokio::test]
async fn u_15_what_somebody_put_behind_a_change_of_a_newer_kind_does_not_enter_with_it() -> Result<(), Trouble> {
    let world = World::new(46).await?;
    let (mut li, zhang) = (world.technician("李师傅").await?, world.technician("张师傅").await?);
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    li.act(order, &Command::Note { text: "以后才认识".to_owned() })?;
    let entry = push_to_older(&world, &mut li).await?;
    // Zhang's phone carried it here, without a proof; behind a change whose maker was not known it was held.
    let mut forged = entry.clone();
    forged.record.sequence += 1;
    forged.record.bytes = forged_note(&entry.record.bytes)?;
    (forged.code, forged.device) = (None, zhang.client.replica().identity().device);
    let world = world.restarted(|store| {
        leave(store, &entry)?;
        leave(store, &forged)
    })?;
    assert_eq!(notes(&*world.view(order).await?), ["以后才认识"]);
    assert_eq!(entries(&world.store, Table::Quarantine, b"")?.len(), 1, "a person decides about it");
    Ok(())
}

/// Another note, as the next change of the same actor.
fn forged_note(bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let StatedFact { content, .. } = StatedFact::from_bytes(bytes)?;
    let body = FactBody::AddNote(AddNote { text: "不是他写的".to_owned() });
    let statement = Statement { origin: None, author: None, restates: None };
    Ok(StatedFact::new(statement, Content { body, ..content }).to_bytes())
}

#[tokio::test]
async fn what_may_not_enter_after_the_upgrade_stays_with_the_reason_that_it_has_now() -> Result<(), Trouble> {
    let world = World::new(43).await?;
    let (mut li, zhang) = (world.technician("李师傅").await?, world.technician("张师傅").await?);
    let (mine, his) = (world.order("空调不制冷").await?, world.order("漏水").await?);
    world.assign(mine, li.person).await?;
    world.assign(his, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    li.act(mine, &Command::Note { text: "第一条".to_owned() })?;
    let entry = push_to_older(&world, &mut li).await?;
    // On an order that was never his, by a device that the store knows: and a kind that nobody knows yet.
    let other = world.order("不是他的").await?;
    world.assign(other, zhang.person).await?;
    let foreign = QuarantineEntry { document: other, ..entry.clone() };
    let unknown = {
        let mut record = entry.record.clone();
        record.bytes = unknown_kind(&record.bytes)?;
        QuarantineEntry { document: his, record, ..entry.clone() }
    };
    let world = world.restarted(|store| {
        leave(store, &foreign)?;
        leave(store, &unknown)
    })?;
    let mut kept = Vec::new();
    for (_, bytes) in entries(&world.store, Table::Quarantine, b"")? {
        let entry: QuarantineEntry = record::decode("quarantine", &bytes)?;
        kept.push((entry.document, entry.code));
    }
    kept.sort_unstable_by_key(|(_, code)| *code);
    assert_eq!(kept, [(other, Some(QuarantineCode::OutOfScope)), (his, Some(QuarantineCode::NewerKind))]);
    assert!(notes(&*world.view(other).await?).is_empty() && notes(&*world.view(his).await?).is_empty());
    Ok(())
}

/// The same fact with kind 250.
fn unknown_kind(bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let StatedFact { statement, content, .. } = StatedFact::from_bytes(bytes)?;
    let body = FactBody::Unknown { kind: 250, bytes: vec![0x81, 0x01] };
    Ok(StatedFact::new(statement, Content { body, ..content }).to_bytes())
}
