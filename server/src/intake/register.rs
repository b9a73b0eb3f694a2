//! Registering a call: new reference records where they are needed, the serial, the first fact.

use docket_sync_core::facts::bodies::{ConfirmRequest, RegisterCall};
use docket_sync_core::facts::values::{Channel, Money, ServiceClass, Urgency, Window};
use docket_sync_core::facts::{Author, Head};
use docket_sync_core::ids::{DocumentId, PersonId, RecordId};
use docket_sync_core::reference::{Customer, Site, Unit};

use crate::commit::{CommitError, Statement, Tables, Writer};

/// Something that is on file, or is to be put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFile<T> {
    /// It is known.
    Known(RecordId),
    /// It is new.
    New(T),
}

/// A new customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// Name.
    pub name: String,
    /// Phone number as dialled.
    pub phone: String,
}

/// A new unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUnit {
    /// Model.
    pub model: String,
    /// Serial number; empty where none can be read.
    pub serial: String,
}

/// A call as the clerk takes it (叫修登记, C-001).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The customer.
    pub customer: OnFile<NewCustomer>,
    /// Address of the site.
    pub site: OnFile<String>,
    /// The unit, where one is named.
    pub unit: Option<OnFile<NewUnit>>,
    /// How the call came.
    pub channel: Channel,
    /// Service class.
    pub class: ServiceClass,
    /// Urgency.
    pub urgency: Urgency,
    /// The customer's words.
    pub problem: String,
    /// Skill needed, where it is known.
    pub skill: Option<String>,
    /// Reference in the system the call was taken over from.
    pub origin: Option<String>,
}

/// What was confirmed with the customer in the same breath (C-006).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConfirmation {
    /// What was agreed.
    pub content: String,
    /// When, where a time was agreed.
    pub window: Option<Window>,
    /// Estimated amount; 0 is stated too.
    pub amount: Option<Money>,
    /// In guarantee?
    pub in_warranty: bool,
}

/// A registered call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The order.
    pub document: DocumentId,
    /// Its serial in the register.
    pub serial: String,
}

impl Writer {
    /// Registers a call by `clerk`: records, serial and fact in one commit.
    ///
    /// # Errors
    /// A mandatory field is empty (C-001), or a named record is not known.
    pub fn register_call(&mut self, clerk: PersonId, call: NewCall) -> Result<Registered, CommitError> {
        check_mandatory(&call)?;
        let by = Some(clerk);
        let customer = match call.customer {
            OnFile::Known(id) => self.known_record(id, "customer")?,
            OnFile::New(new) => {
                let id = RecordId(self.random());
                self.write_reference(
                    id,
                    Customer { name: new.name, phone: new.phone, language: None, codes: None }.into(),
                    by,
                )?;
                id
            }
        };
        let site = match call.site {
            OnFile::Known(id) => self.known_record(id, "site")?,
            OnFile::New(address) => {
                let id = RecordId(self.random());
                self.write_reference(id, Site { customer, address, zone: None, contact: None }.into(), by)?;
                id
            }
        };
        let unit = match call.unit {
            None => None,
            Some(OnFile::Known(id)) => Some(self.known_record(id, "unit")?),
            Some(OnFile::New(new)) => {
                let id = RecordId(self.random());
                let unit = Unit { site, model: new.model, serial: new.serial, warranty_until: None };
                self.write_reference(id, unit.into(), by)?;
                Some(id)
            }
        };
        let serial = self.next_serial()?;
        let document = DocumentId::new(self.now(), self.random());
        let body = RegisterCall {
            customer,
            site,
            unit,
            channel: call.channel,
            class: call.class,
            urgency: call.urgency,
            problem: call.problem,
            serial: Some(serial.clone()),
            skill: call.skill,
            origin: call.origin,
        };
        let author = Author::Person(clerk);
        self.state(document, Statement { author, head: Head::default(), body: body.into(), seen: Some(Vec::new()) })?;
        Ok(Registered { document, serial })
    }

    /// Records that the call was confirmed with the customer, so that it may be dispatched.
    pub fn confirm_call(
        &mut self,
        clerk: PersonId,
        document: DocumentId,
        given: NewConfirmation,
    ) -> Result<(), CommitError> {
        let NewConfirmation { content, window, amount, in_warranty } = given;
        let body = ConfirmRequest { content, window, amount, in_warranty };
        let author = Author::Person(clerk);
        self.state(document, Statement { author, head: Head::default(), body: body.into(), seen: None })?;
        Ok(())
    }

    fn known_record(&self, id: RecordId, what: &'static str) -> Result<RecordId, CommitError> {
        match self.reference(id)? {
            Some(record) if !record.deleted => Ok(id),
            _ => Err(CommitError::Invalid {
                field: what,
                code: "unknown_record",
                problem: format!("{what} {id} is not on file"),
            }),
        }
    }
}

/// Name, address, phone and problem are mandatory (C-001).
fn check_mandatory(call: &NewCall) -> Result<(), CommitError> {
    let mut fields: Vec<(&'static str, &str)> = vec![("problem", &call.problem)];
    if let OnFile::New(customer) = &call.customer {
        fields.push(("customer.name", &customer.name));
        fields.push(("customer.phone", &customer.phone));
    }
    if let OnFile::New(address) = &call.site {
        fields.push(("site.address", address));
    }
    if let Some(OnFile::New(unit)) = &call.unit {
        fields.push(("unit.model", &unit.model));
    }
    match fields.into_iter().find(|(_, value)| value.trim().is_empty()) {
        None => Ok(()),
        Some((field, _)) => Err(CommitError::Invalid {
            field,
            code: "missing_field",
            problem: format!("{field} is needed to register a call (C-001)"),
        }),
    }
}
