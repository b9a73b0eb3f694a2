//! Encrypting to recipients and opening again: the format of the age tool (age-encryption.org/v1), X25519 recipients.
//!
//! The machine that makes backups holds no key that opens them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError};

use super::error::BackupError;
use super::limits::{IDENTITY_BYTES_MAX, RECIPIENTS_MAX};

/// Those who can open a backup.
#[derive(Clone)]
pub struct Recipients(Vec<age::x25519::Recipient>);

impl core::fmt::Debug for Recipients {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Recipients {
    /// Reads recipients as `docket backup key` prints them; each counts once.
    pub fn read(texts: &[String]) -> Result<Self, BackupError> {
        let mut names: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() || names.len() > RECIPIENTS_MAX {
            return Err(BackupError::Recipients { given: names.len(), most: RECIPIENTS_MAX });
        }
        let parsed = names.into_iter().map(|text| {
            let problem = |_| BackupError::Recipient { text: text.to_owned() };
            text.parse::<age::x25519::Recipient>().map_err(problem)
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// As they are written, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// A writer whose bytes only these recipients can read. Nothing is whole before
    /// [`age::stream::StreamWriter::finish`].
    pub fn seal<W: Write>(&self, output: W) -> std::io::Result<age::stream::StreamWriter<W>> {
        let recipients = self.0.iter().map(|recipient| -> &dyn age::Recipient { recipient });
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|error| {
            if let EncryptError::Io(error) = error { error } else { std::io::Error::other(error.to_string()) }
        })?;
        encryptor.wrap_output(output)
    }
}

/// The secret keys that open a backup.
pub struct Identities(Vec<age::x25519::Identity>);

impl core::fmt::Debug for Identities {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// Reads a file of identities: one a line, lines that begin with `#` are comments.
    pub fn read(file: &Path) -> Result<Self, BackupError> {
        let opened = std::fs::File::open(file).map_err(BackupError::io("reading", file))?;
        let problem = |problem: String| BackupError::Identity { file: file.to_owned(), problem };
        let mut identities = Vec::new();
        for (line, text) in (1_u32..).zip(BufReader::new(opened.take(IDENTITY_BYTES_MAX)).lines()) {
            let text = zeroize::Zeroizing::new(text.map_err(|error| problem(error.to_string()))?);
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            // The text itself is never shown: it may be somebody's key.
            let identity = text.parse().map_err(|why: &str| problem(format!("line {line}: {why}")))?;
            identities.push(identity);
        }
        if identities.is_empty() {
            Err(problem("the file has no line with one".to_owned()))
        } else {
            Ok(Self(identities))
        }
    }

    /// A reader of what was sealed in `input`, the file of the piece `name`.
    pub fn open<R: BufRead>(
        &self,
        name: &str,
        recipients: &[String],
        input: R,
    ) -> Result<age::stream::StreamReader<R>, BackupError> {
        let failed = |error: DecryptError| {
            if matches!(error, DecryptError::NoMatchingKeys) {
                BackupError::WrongIdentity { name: name.to_owned(), recipients: recipients.to_vec() }
            } else {
                BackupError::piece(name, error.to_string())
            }
        };
        let decryptor = age::Decryptor::new_buffered(input).map_err(failed)?;
        let identities = self.0.iter().map(|identity| -> &dyn age::Identity { identity });
        decryptor.decrypt(identities).map_err(failed)
    }
}

/// A new identity: the text of its file, and the recipient that belongs to it.
#[must_use]
pub fn make_identity(made_at: &str) -> (zeroize::Zeroizing<String>, String) {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = format!("# created: {made_at}\n# public key: {recipient}\n{}\n", secret.expose_secret());
    (zeroize::Zeroizing::new(text), recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(folder: &Path, name: &str) -> (Identities, String) {
        let (text, recipient) = make_identity("today");
        std::fs::write(folder.join(name), text.as_bytes()).unwrap();
        (Identities::read(&folder.join(name)).unwrap(), recipient)
    }

    #[test]
    fn every_recipient_opens_what_was_sealed_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let ((one, first), (two, second), (other, _)) =
            (made(folder.path(), "1"), made(folder.path(), "2"), made(folder.path(), "3"));
        let recipients = Recipients::read(&[first, second.clone(), format!(" {second}\n")]).unwrap();
        assert_eq!(recipients.names().len(), 2, "a recipient counts once");
        let mut sealed = Vec::new();
        let mut writer = recipients.seal(&mut sealed).unwrap();
        writer.write_all(b"frames").unwrap();
        writer.finish().unwrap();
        for identity in [&one, &two] {
            let mut plain = Vec::new();
            identity.open("a piece", &[], sealed.as_slice()).unwrap().read_to_end(&mut plain).unwrap();
            assert_eq!(plain, b"frames");
        }
        let refused = other.open("a piece", &recipients.names(), sealed.as_slice()).err().unwrap().to_string();
        assert!(refused.contains("a piece") && refused.contains(&recipients.names()[0]), "{refused}");
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("identity");
        std::fs::write(&file, "# nothing\n").unwrap();
        assert!(Identities::read(&file).unwrap_err().to_string().contains("no line with one"));
        std::fs::write(&file, "# a comment\nAGE-SECRET-KEY-1WRONG\n").unwrap();
        let said = Identities::read(&file).unwrap_err().to_string();
        assert!(said.contains("line 2") && !said.contains("WRONG"), "{said}");
        assert!(Identities::read(&folder.path().join("absent")).is_err());
        let refused = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            Recipients::read(&texts).unwrap_err().to_string()
        };
        assert!(refused(&["age1nobody"]).contains("age1nobody"));
        assert!(refused(&[]).contains("1 to 16"));
    }
}
