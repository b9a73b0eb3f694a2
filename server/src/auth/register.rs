//! Writing people: log-in, rights, and the record that devices know them by.

use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::{Person, person_record};

use super::people::{NewPerson, PersonRecord};
use crate::commit::{CommitError, Tables, Writer, keys};
use crate::log::LogRecord;
use crate::store::Table;

impl Writer {
    /// Adds a person; `by` is absent for the first administrator.
    ///
    /// # Errors
    /// Somebody has the login already.
    pub fn add_person(
        &mut self,
        new: NewPerson,
        password_hash: Option<String>,
        by: Option<PersonId>,
    ) -> Result<PersonRecord, CommitError> {
        let login = new.login().as_str().as_bytes().to_vec();
        if self.get(Table::Login, &login)?.is_some() {
            let problem = "somebody has this login already: choose another".to_owned();
            return Err(CommitError::Invalid { field: "login", code: "login_taken", problem });
        }
        let id = PersonId(self.random());
        let record = new.into_record(id, password_hash, self.now());
        self.put(Table::Login, login, id.0.to_vec());
        self.write_person(&record, by)?;
        Ok(record)
    }

    /// Writes a person's record, his rights into the log, and what devices know of him.
    pub fn write_person(&mut self, record: &PersonRecord, by: Option<PersonId>) -> Result<(), CommitError> {
        self.put(Table::Person, record.id.0, record.to_bytes());
        let at = self.now();
        let roles: Vec<u8> = record.roles.iter().map(|role| role.number()).collect();
        let held = if record.active { roles.clone() } else { Vec::new() };
        self.put(Table::Index, keys::roles_from(record.id, at), held);
        self.log(&LogRecord::Person {
            person: record.id,
            roles,
            active: record.active,
            by,
            at,
        });
        let known = Person {
            name: record.name.clone(),
            roles: record.roles.iter().copied().collect(),
            skills: record.skills.iter().cloned().collect(),
            active: record.active,
        };
        self.write_reference(person_record(record.id), known.into(), by)?;
        Ok(())
    }
}
