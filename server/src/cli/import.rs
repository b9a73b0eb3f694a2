//! `docket import`: orders from a file.

use std::path::PathBuf;

use clap::Subcommand;
use docket_sync_core::facts::values::{Channel, Money};
use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::Language;

use super::{Failure, data, say, say_error};
use crate::commit::{CommitError, Tables, Writer};
use crate::intake::import_orders::{Defaults, ImportedOrder, OrderFile};
use crate::intake::register::{NewCall, NewConfirmation, NewCustomer, NewUnit, OnFile};
use crate::store::Table;

/// Orders committed together: one flush each.
const ORDERS_PER_COMMIT: usize = 200;
/// Bad lines that are shown; the rest is counted.
const SHOWN: usize = 20;

/// Takes over data from files.
#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Registers the orders of a CSV file. A line that cannot be read is reported and the rest goes on.
    #[command(after_help = "Example:\n  docket import orders orders.csv --data /var/lib/docket --confirmed\n\n\
        Columns are named in the first line: see schemas/import-orders.md. The same file may be imported again:\n\
        lines with a reference that was taken over before are left out.")]
    Orders {
        /// The file.
        file: PathBuf,
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Customer of lines that name none.
        #[arg(long)]
        customer: Option<String>,
        /// Phone of lines that name none.
        #[arg(long)]
        phone: Option<String>,
        /// Address of lines that name none.
        #[arg(long)]
        address: Option<String>,
        /// The orders are confirmed with the customer: they may be dispatched at once.
        #[arg(long)]
        confirmed: bool,
    },
}

pub(super) fn run(command: ImportCommand) -> Result<(), Failure> {
    let ImportCommand::Orders { file, data, customer, phone, address, confirmed } = command;
    let bytes = std::fs::read(&file).map_err(|error| Failure::new(format!("reading {}: {error}", file.display())))?;
    let defaults = Defaults { customer, phone, address, ..Defaults::default() };
    let orders = OrderFile::new(&bytes, &defaults)?;
    let opened = data::open(&data)?;
    let done = import(&opened.office, orders, confirmed);
    opened.close();
    let Counts { taken, known, bad } = done?;
    say(&format!("{taken} orders registered, {known} known before, {bad} lines refused."));
    if bad == 0 { Ok(()) } else { Err(Failure::new(format!("{bad} lines of {} were not taken over", file.display()))) }
}

#[derive(Default)]
struct Counts {
    taken: usize,
    known: usize,
    bad: usize,
}

impl Counts {
    fn refuse(&mut self, why: &str) {
        self.bad = self.bad.saturating_add(1);
        if self.bad <= SHOWN {
            say_error(why);
        }
    }
}

fn import(office: &crate::office::Office, orders: OrderFile<'_>, confirmed: bool) -> Result<Counts, Failure> {
    let clerk = data::administrator(office)?;
    let mut counts = Counts::default();
    let mut waiting = Vec::new();
    for order in orders {
        match order {
            Ok(order) => waiting.push(order),
            Err(error) => counts.refuse(&error.to_string()),
        }
        if waiting.len() == ORDERS_PER_COMMIT {
            commit(office, clerk, std::mem::take(&mut waiting), confirmed, &mut counts)?;
            say(&format!("{} orders ...", counts.taken.saturating_add(counts.known)));
        }
    }
    commit(office, clerk, waiting, confirmed, &mut counts)?;
    Ok(counts)
}

/// Registers orders together; where one of them cannot be, each by itself, so that it alone is left out.
fn commit(
    office: &crate::office::Office,
    clerk: PersonId,
    orders: Vec<ImportedOrder>,
    confirmed: bool,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let total = orders.len();
    let taken = match register(office, clerk, orders.clone(), confirmed) {
        Ok(taken) => taken,
        Err(error) if is_of_the_order(&error) => return one_by_one(office, clerk, orders, confirmed, counts),
        Err(error) => return Err(error.into()),
    };
    counts.taken = counts.taken.saturating_add(taken);
    counts.known = counts.known.saturating_add(total.saturating_sub(taken));
    Ok(())
}

fn one_by_one(
    office: &crate::office::Office,
    clerk: PersonId,
    orders: Vec<ImportedOrder>,
    confirmed: bool,
    counts: &mut Counts,
) -> Result<(), Failure> {
    for order in orders {
        let line = order.line;
        match register(office, clerk, vec![order], confirmed) {
            Ok(0) => counts.known = counts.known.saturating_add(1),
            Ok(_) => counts.taken = counts.taken.saturating_add(1),
            Err(error) if is_of_the_order(&error) => counts.refuse(&format!("line {line}: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn register(
    office: &crate::office::Office,
    clerk: PersonId,
    orders: Vec<ImportedOrder>,
    confirmed: bool,
) -> Result<usize, CommitError> {
    office.committer.run_blocking(move |writer| {
        let mut taken = 0_usize;
        for order in orders {
            taken = taken.saturating_add(usize::from(writer.import_order(clerk, order, confirmed)?));
        }
        Ok(taken)
    })
}

/// Whether the order is to blame; a full disk or a stopping server is not its fault.
fn is_of_the_order(error: &CommitError) -> bool {
    match error {
        CommitError::Busy | CommitError::Stopping => false,
        CommitError::Store(_) => error.is_damage(),
        CommitError::Refused(_)
        | CommitError::NoOrder(_)
        | CommitError::NotFound { .. }
        | CommitError::UnknownFrontier(_)
        | CommitError::AlreadyDone { .. }
        | CommitError::Invalid { .. }
        | CommitError::InvalidPath { .. }
        | CommitError::OrderFull(_)
        | CommitError::Record(_)
        | CommitError::Document(_)
        | CommitError::Internal(_) => true,
    }
}

impl Writer {
    /// Registers one imported order; `false` when its reference was taken over before.
    ///
    /// # Errors
    /// A mandatory field is empty, or the store fails.
    pub fn import_order(
        &mut self,
        clerk: PersonId,
        order: ImportedOrder,
        confirmed: bool,
    ) -> Result<bool, CommitError> {
        if let Some(reference) = &order.reference {
            if self.get(Table::Import, reference.as_bytes())?.is_some() {
                return Ok(false);
            }
        }
        let customer = self.imported_customer(&order)?;
        let problem = order.problem.clone();
        let amount = order.cost_hundredths.map(|minor| Money { minor, currency: self.currency() });
        let registered = self.register_call(
            clerk,
            NewCall {
                customer,
                site: OnFile::New(order.address),
                unit: order
                    .model
                    .or(order.serial.clone())
                    .map(|model| OnFile::New(NewUnit { model, serial: order.serial.unwrap_or_default() })),
                channel: Channel::Import,
                class: order.class,
                urgency: order.urgency,
                problem: order.problem,
                skill: order.skill,
                origin: order.reference.clone(),
            },
        )?;
        if let Some(reference) = order.reference {
            self.put(Table::Import, reference.into_bytes(), registered.document.0.to_vec());
        }
        if confirmed {
            let given = NewConfirmation { content: problem, window: None, amount, in_warranty: false };
            self.confirm_call(clerk, registered.document, given)?;
        }
        Ok(true)
    }

    /// One record for one customer of the file: name and phone together are his identity there.
    fn imported_customer(&mut self, order: &ImportedOrder) -> Result<OnFile<NewCustomer>, CommitError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(order.customer.as_bytes());
        hasher.update(&[0]);
        hasher.update(order.phone.as_bytes());
        let key = [b"customer/".as_slice(), hasher.finalize().as_bytes()].concat();
        if let Some(id) = self.read(Table::Import, &key)? {
            return Ok(OnFile::Known(id));
        }
        let id = docket_sync_core::ids::RecordId(self.random());
        let (name, phone) = (order.customer.clone(), order.phone.clone());
        let customer = docket_sync_core::reference::Customer { name, phone, language: None::<Language>, codes: None };
        self.write_reference(id, customer.into(), None)?;
        self.write(Table::Import, key, &id);
        Ok(OnFile::Known(id))
    }

    /// Currency of the company's policy.
    fn currency(&self) -> String {
        let id = crate::company::policy_record(self.identity().store);
        let record = self.reference(id).ok().flatten();
        match record.map(|record| record.content) {
            Some(docket_sync_core::reference::Reference::PolicyRecord(policy)) => {
                docket_sync_core::policy::ServicePolicy::from_json(&policy.json).map(|policy| policy.currency).ok()
            }
            _ => None,
        }
        .unwrap_or_else(|| "CNY".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dispatch::world::{CLERK, World};
    use crate::store::{KeyRange, MemoryStore};

    #[test]
    fn an_order_that_cannot_be_registered_is_left_out_alone() {
        let world = World::open(Arc::new(MemoryStore::new()));
        world.hire_clerk();
        let file = "reference,customer,phone,address,problem\n\
            R-1,Lin,1,Road 1,cold\nR-2,Lin,1,Road 2,loud\nR-3,Chen,2,Road 3,wet\nR-4,Wang,3,Road 4,hot\n";
        let defaults = Defaults::default();
        let orders: Vec<ImportedOrder> =
            OrderFile::new(file.as_bytes(), &defaults).unwrap().collect::<Result<_, _>>().unwrap();
        // What was kept of Chen from an earlier import is damaged.
        let chen = [b"customer/".as_slice(), blake3::hash(b"Chen\x002").as_bytes()].concat();
        world.run(move |writer| {
            writer.put(Table::Import, chen, vec![0xFF]);
            Ok(())
        });
        let mut counts = Counts::default();
        commit(&world.office, CLERK, orders.clone(), true, &mut counts).unwrap();
        assert_eq!((counts.taken, counts.known, counts.bad), (3, 0, 1));
        let rows = Tables::scan(world.office.store.as_ref(), Table::View, &KeyRange::all(), 10).unwrap();
        assert_eq!(rows.len(), 3);
        let mut again = Counts::default();
        commit(&world.office, CLERK, orders, true, &mut again).unwrap();
        assert_eq!((again.taken, again.known, again.bad), (0, 3, 1));
    }
}
