//! The company's forms: which there are, and writing a new version of one.
//!
//! Not here: what a form is and how far it is filled in ([`docket_sync_core::forms`]).

pub(crate) mod api;

use docket_sync_core::forms::{Form, FormError, SHIPPED};
use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::reference::{FormRecord, Reference};

use crate::commit::{CommitError, Tables, Writer, keys};
use crate::company::fixed_record;
use crate::store::{KeyRange, Table};

/// Most forms of one company.
pub(crate) const FORMS_MAX: usize = 200;

/// Why a form was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFormError {
    /// The file cannot be used.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Its version is not later than the one in force.
    #[error("form {code}: version {version} is not later than version {in_force}, which is in force")]
    NotLater {
        /// Code of the form.
        code: String,
        /// Version of the file.
        version: u32,
        /// Version in force.
        in_force: u32,
    },
    /// There are too many.
    #[error("a company has at most {FORMS_MAX} forms")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Writer {
    /// Writes a new form, or a later version of one.
    ///
    /// # Errors
    /// When the file cannot be used, its version is not later, there are too many, or the store fails.
    pub fn write_form(&mut self, json: &[u8], by: Option<PersonId>) -> Result<Form, WriteFormError> {
        let form = Form::from_json(json)?;
        let store = self.identity().store;
        let id = fixed_record(&format!("form/{}", form.code), store);
        match self.reference(id)?.map(|record| record.content) {
            Some(Reference::FormRecord(held)) if held.version >= form.version => {
                let (code, version, in_force) = (form.code, form.version, held.version);
                return Err(WriteFormError::NotLater { code, version, in_force });
            }
            Some(_) => {}
            None if form_records(self)?.len() >= FORMS_MAX => return Err(WriteFormError::TooMany),
            None => {}
        }
        let record = FormRecord { code: form.code.clone(), version: form.version, json: form.to_json() };
        self.write_reference(id, record.into(), by)?;
        Ok(form)
    }

    /// Writes the forms that ship (C-060 to C-070).
    ///
    /// # Errors
    /// When the store fails.
    pub fn write_shipped_forms(&mut self, by: Option<PersonId>) -> Result<(), WriteFormError> {
        for (_, json) in SHIPPED {
            self.write_form(json.as_bytes(), by)?;
        }
        Ok(())
    }
}

fn form_records<T: Tables + ?Sized>(tables: &T) -> Result<Vec<RecordId>, CommitError> {
    let entries = tables.scan(Table::Index, &KeyRange::prefix(keys::FORMS.to_vec()), FORMS_MAX)?;
    Ok(entries.iter().filter_map(|(_, id)| RecordId::from_slice(id)).collect())
}

/// The forms in force, by code. One of a later format is left out: it is for a later version of this program.
///
/// # Errors
/// When the store fails.
pub(crate) fn forms<T: Tables + ?Sized>(tables: &T) -> Result<Vec<Form>, CommitError> {
    let mut forms = Vec::new();
    for id in form_records(tables)? {
        if let Some(Reference::FormRecord(record)) = tables.reference(id)?.map(|record| record.content) {
            forms.extend(Form::from_json(&record.json).ok());
        }
    }
    Ok(forms)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dispatch::world::World;
    use crate::store::MemoryStore;

    fn next_version(json: &str) -> String {
        json.replacen("\"version\": 1", "\"version\": 2", 1)
    }

    #[test]
    fn a_later_version_takes_the_place_of_a_form_and_an_earlier_one_is_refused() {
        let world = World::open(Arc::new(MemoryStore::new()));
        let first = SHIPPED[0].1;
        let later = next_version(first);
        let (versions, refused) = world.run(move |writer| {
            writer.write_shipped_forms(None).map_err(|error| CommitError::Internal(error.to_string()))?;
            let refused = writer.write_form(first.as_bytes(), None).unwrap_err().to_string();
            writer.write_form(later.as_bytes(), None).map_err(|error| CommitError::Internal(error.to_string()))?;
            let versions: Vec<(String, u32)> =
                forms(writer)?.into_iter().map(|form| (form.code, form.version)).collect();
            Ok((versions, refused))
        });
        assert_eq!(refused, "form repair_steps: version 1 is not later than version 1, which is in force");
        assert_eq!(versions.len(), SHIPPED.len());
        assert!(versions.contains(&("repair_steps".to_owned(), 2)));
        assert!(versions.contains(&("gas_safety".to_owned(), 1)));
    }
}
