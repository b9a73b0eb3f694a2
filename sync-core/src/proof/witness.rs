//! Witnesses: the other side of a two-party fact signs what the giver is about to state.
//!
//! What is signed is the digest of the fact *without* its witnesses, so that several people can sign the same thing
//! in any order. Not here: whose key it is, and whether he had to sign (the gate).

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::{BadSignature, sign, verify};
use crate::facts::values::Witness;
use crate::facts::{Author, Content, Fact, content_digest};
use crate::ids::{Digest, DocumentId, FactId, KeyId, PersonId};
use crate::time::UnixMillis;
use crate::wire;

/// Digest of a fact as its witnesses see it: with the list of witnesses empty.
#[must_use]
pub fn unwitnessed_digest(
    document: DocumentId,
    id: FactId,
    author: &Author,
    time: UnixMillis,
    content: &Content,
) -> Digest {
    let mut bare = content.clone();
    bare.head.witnesses = None;
    content_digest(document, id, author, time, &bare.to_bytes())
}

impl Fact {
    /// Digest of the fact without its witnesses.
    #[must_use]
    pub fn unwitnessed_digest(&self, document: DocumentId) -> Digest {
        unwitnessed_digest(document, self.id, &self.author, self.time, &self.content)
    }
}

impl Witness {
    /// `person` signs the fact with this digest (without witnesses) with his device's key.
    #[must_use]
    pub fn signed(person: PersonId, digest: Digest, key: &SigningKey) -> Self {
        let id = KeyId::of(key.verifying_key().as_bytes());
        Self { person, key: id, signature: sign(key, &signed_bytes(person, id, digest)) }
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not this key's over the fact with this digest.
    pub fn verify(&self, digest: Digest, key: &VerifyingKey) -> Result<(), BadSignature> {
        let id = KeyId::of(key.as_bytes());
        if id != self.key {
            return Err(BadSignature { what: "witness" });
        }
        verify(key, "witness", &signed_bytes(self.person, id, digest), &self.signature)
    }
}

fn signed_bytes(person: PersonId, key: KeyId, digest: Digest) -> Vec<u8> {
    wire::encode(&("docket-witness-1", person, key, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Head, SCHEMA_LEVEL, bodies};
    use crate::ids::ActorId;

    #[test]
    fn a_witness_signs_the_fact_and_nothing_else() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let body = bodies::AddNote { text: "handed over".into() }.into();
        let mut content = Content { level: SCHEMA_LEVEL, seen: Vec::new(), head: Head::default(), body };
        let (document, author) = (DocumentId([1; 16]), Author::Person(PersonId([2; 16])));
        let id = FactId { actor: ActorId([4; 16]), sequence: 7 };
        let digest = |content: &Content| unwitnessed_digest(document, id, &author, UnixMillis(9), content);
        let signed = digest(&content);
        let witness = Witness::signed(PersonId([5; 16]), signed, &key);
        assert!(witness.verify(signed, &key.verifying_key()).is_ok());
        // The list of witnesses is not part of what is signed, every field beside it is.
        content.head.witnesses = Some(vec![witness.clone()]);
        assert_eq!(digest(&content), signed);
        content.head.work_item = Some(2);
        assert!(witness.verify(digest(&content), &key.verifying_key()).is_err());
        let other = Witness { person: PersonId([6; 16]), ..witness.clone() };
        assert!(other.verify(signed, &key.verifying_key()).is_err());
        assert!(witness.verify(signed, &SigningKey::from_bytes(&[8; 32]).verifying_key()).is_err());
    }
}
