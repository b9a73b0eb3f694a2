//! What a technician states beside the normal path, through real devices and the office: codes, receipts, witnesses,
//! orders that begin on site.

mod emergency;
mod evidence;
mod found;

use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::FactBody;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::QuarantineCode;

/// A company with Li, who has numbers for receipts, and an order that is assigned to him and on his phone.
async fn li_with_an_order() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(21).await?;
    let mut li = world.technician("李师傅").await?;
    world.give_numbers(&li).await?;
    let order = world.order("空调漏水").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    Ok((world, li, order))
}

fn act(body: impl Into<FactBody>) -> Command {
    Command::State(Box::new(Act::new(body)))
}

/// What lies in quarantine, by order and reason.
fn quarantined(world: &World) -> Result<Vec<(DocumentId, Option<QuarantineCode>)>, Trouble> {
    let _durable = world.office.hub.read();
    let store = world.office.store.as_ref();
    let mut found = Vec::new();
    for (_, value) in Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)? {
        let entry: QuarantineEntry = docket_server::store::record::decode("quarantine", &value)?;
        found.push((entry.document, entry.code));
    }
    Ok(found)
}

/// The code of the refusal of a command on the order as it shows now.
fn refused(device: &mut Device, order: DocumentId, command: &Command) -> Result<&'static str, Trouble> {
    let shown = device.show(order)?;
    match device.client.execute(&shown, command) {
        Err(docket_client::client::ExecuteError::Refused(refusal)) => Ok(refusal.code),
        other => Err(format!("{other:?}").into()),
    }
}
