//! Writing people: log-in, rights, and the record that devices know them by.

use core::fmt;
use std::collections::BTreeSet;

use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::{Person, person_record};

use super::people::{NewPerson, PersonRecord};
use super::sessions::SessionRecord;
use crate::commit::{CommitError, ScopeId, Tables, Writer, keys};
use crate::log::LogRecord;
use crate::store::{KeyRange, Table};

/// What is to be different about a person; what is absent stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// Whether he works here.
    pub active: Option<bool>,
    /// All roles he is to have.
    pub roles: Option<BTreeSet<Role>>,
    /// All skills he is to have (C-046).
    pub skills: Option<BTreeSet<String>>,
    /// A new password, as PHC string.
    pub password_hash: Option<String>,
}

impl fmt::Debug for PersonChange {
    /// Without the password hash: debug output may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { active, roles, .. } = self;
        f.debug_struct("PersonChange").field("active", active).field("roles", roles).finish_non_exhaustive()
    }
}

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

    /// Changes a person from now on; facts that he stated before keep the rights he had then. Who does not work here
    /// any more, or has a new password, is logged out everywhere.
    ///
    /// # Errors
    /// Nobody has the id; roles or skills are not possible; nobody active would be administrator.
    pub fn change_person(
        &mut self,
        id: PersonId,
        change: PersonChange,
        by: PersonId,
    ) -> Result<PersonRecord, CommitError> {
        let old = self.person(id)?.ok_or(CommitError::NotFound { what: "this person" })?;
        let PersonChange { active, roles, skills, password_hash } = change;
        let logged_out = active == Some(false) || password_hash.is_some();
        let field = if active == Some(false) { "active" } else { "roles" };
        let skills = skills.unwrap_or_else(|| old.skills.clone());
        let roles = roles.unwrap_or_else(|| old.roles.clone());
        let skills = skills.iter().map(String::as_str);
        let checked = NewPerson::new(old.login.as_str(), &old.name, roles, skills, old.language);
        let checked = checked.map_err(|error| CommitError::Invalid {
            field: error.field(),
            code: error.code(),
            problem: error.to_string(),
        })?;
        let mut record = checked.into_record(id, password_hash.or(old.password_hash), old.created_at);
        record.active = active.unwrap_or(old.active);
        if !record.holds(Role::Administrator) && !self.has_other_administrator(id)? {
            let problem = "nobody else is an active administrator: make somebody one first".to_owned();
            return Err(CommitError::Invalid { field, code: "last_administrator", problem });
        }
        self.write_person(&record, Some(by))?;
        if logged_out {
            self.end_sessions(id)?;
        }
        if !record.active {
            // His devices hear of it at once.
            self.touch_scope(ScopeId::of(id));
        }
        Ok(record)
    }

    fn has_other_administrator(&self, id: PersonId) -> Result<bool, CommitError> {
        for (_, bytes) in self.scan(Table::Person, &KeyRange::all(), usize::MAX)? {
            let person = PersonRecord::from_bytes(&bytes)?;
            if person.id != id && person.holds(Role::Administrator) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn end_sessions(&mut self, id: PersonId) -> Result<(), CommitError> {
        for (key, bytes) in self.scan(Table::Session, &KeyRange::all(), usize::MAX)? {
            if SessionRecord::from_bytes(&bytes).is_ok_and(|session| session.person == id) {
                self.remove(Table::Session, key);
            }
        }
        Ok(())
    }

    /// Writes a person's record, his rights into the log, and what devices know of him.
    pub fn write_person(&mut self, record: &PersonRecord, by: Option<PersonId>) -> Result<(), CommitError> {
        self.put(Table::Person, record.id.0, record.to_bytes());
        let at = self.now();
        let roles: Vec<u8> = record.roles.iter().map(|role| role.number()).collect();
        let held = if record.active { roles.clone() } else { Vec::new() };
        self.put(Table::Index, keys::roles_from(record.id, at), held);
        self.log(&LogRecord::Person { person: record.id, roles, active: record.active, by, at });
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
