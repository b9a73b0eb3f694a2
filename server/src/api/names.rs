//! Names of people, customers and sites, looked up once per answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use docket_sync_core::facts::{self, Role};
use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::reference::Reference;
use docket_sync_core::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::Reading;
use crate::commit::{CommitError, Tables};
use crate::feed::devices::{first_nonce, list_devices};

/// Devices read for "last contact".
const DEVICES_MAX: usize = 10_000;

/// A person with his name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// Who made a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Author {
    /// A person.
    Person(Named),
    /// A rule.
    System {
        /// Its stable code.
        system: String,
    },
}

/// Names looked up so far.
#[derive(Debug, Default)]
pub struct Names {
    people: BTreeMap<PersonId, String>,
    records: BTreeMap<RecordId, Option<Reference>>,
    contacts: Option<BTreeMap<PersonId, UnixMillis>>,
}

impl Names {
    /// A person's name; his id where he is not known.
    pub fn person(&mut self, reading: &Reading<'_>, id: PersonId) -> Result<Named, CommitError> {
        let name = match self.people.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                vacant.insert(reading.store().person(id)?.map_or_else(|| id.to_string(), |person| person.name))
            }
        };
        Ok(Named { id: id.to_string(), name: name.clone() })
    }

    /// The author of a fact.
    pub fn author(&mut self, reading: &Reading<'_>, author: &facts::Author) -> Result<Author, CommitError> {
        match author {
            facts::Author::Person(person) => self.person(reading, *person).map(Author::Person),
            facts::Author::System(rule) => Ok(Author::System { system: rule.clone() }),
        }
    }

    /// What a reference record says; `None` when it is unknown or gone.
    pub fn record(&mut self, reading: &Reading<'_>, id: RecordId) -> Result<Option<&Reference>, CommitError> {
        let known = match self.records.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let record = reading.store().reference(id)?.filter(|record| !record.deleted);
                vacant.insert(record.map(|record| record.content))
            }
        };
        Ok(known.as_ref())
    }

    /// The last contact of any device of a technician that still counts.
    pub fn last_sync(&mut self, reading: &Reading<'_>, person: PersonId) -> Result<Option<UnixMillis>, CommitError> {
        if self.contacts.is_none() {
            self.contacts = Some(contacts(reading)?);
        }
        Ok(self.contacts.as_ref().and_then(|contacts| contacts.get(&person)).copied())
    }
}

/// The last contact of every technician.
fn contacts(reading: &Reading<'_>) -> Result<BTreeMap<PersonId, UnixMillis>, CommitError> {
    let mut contacts: BTreeMap<PersonId, UnixMillis> = BTreeMap::new();
    for (record, _) in list_devices(reading.store(), DEVICES_MAX)? {
        let (Some(person), None) = (record.persons.first(), record.revoked_at) else { continue };
        let office = reading.office;
        let contact =
            office.contacts.get(reading.store(), record.device, first_nonce(&office.identity, record.device))?;
        if let Some(at) = contact.last_sync_at {
            let known = contacts.entry(*person).or_insert(at);
            *known = at.max(*known);
        }
    }
    Ok(contacts)
}

/// Codes of roles, for answers.
pub(super) fn role_codes<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Vec<&'static str> {
    roles.into_iter().map(|role| role.code()).collect()
}
