//! People who log in: what is stored of them, and what a new one must look like.
//!
//! The reference record of a person (name, roles and skills as devices see them) is sync-core's; this record adds
//! what only the server may know: login and password hash.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::Language;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN};
use crate::store::record::{self, RecordError};

/// Characters of a login.
pub const LOGIN_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;

/// Most characters of a name.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// Most skills of one person.
pub const SKILLS_MAX: usize = 64;

/// Most characters of the code of one skill.
pub const SKILL_CHARACTERS_MAX: usize = 64;

/// A login name in its one spelling: lower case, letters and digits of any script, `.`, `_`, `-` and `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Login(#[n(0)] String);

impl Login {
    /// The text, which is also its key in the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Login {
    type Err = PersonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let login = text.trim().to_lowercase();
        let allowed = |character: char| character.is_alphanumeric() || "._-@".contains(character);
        if LOGIN_CHARACTERS.contains(&login.chars().count()) && login.chars().all(allowed) {
            Ok(Self(login))
        } else {
            Err(PersonError::Login)
        }
    }
}

/// Why a person cannot be stored as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Not a login name.
    #[error("a login has 2 to 64 letters, digits or the signs . _ - @")]
    Login,
    /// Somebody else has this login.
    #[error("somebody else has this login")]
    LoginTaken,
    /// No name, or too long a one.
    #[error("a name has 1 to 100 characters")]
    Name,
    /// Nobody works without a role.
    #[error("a person has at least one role")]
    Roles,
    /// A skill without a code, too long, or too many.
    #[error("a skill has 1 to 64 characters, a person at most 64 skills")]
    Skills,
    /// Too short to be safe.
    #[error("a password has at least 10 characters")]
    PasswordShort,
    /// Too long.
    #[error("a password has at most 256 bytes")]
    PasswordLong,
    /// The login, or one character again and again.
    #[error("this password is too easy to guess")]
    PasswordSimple,
}

impl PersonError {
    /// Every error.
    pub const ALL: [Self; 8] = [
        Self::Login,
        Self::LoginTaken,
        Self::Name,
        Self::Roles,
        Self::Skills,
        Self::PasswordShort,
        Self::PasswordLong,
        Self::PasswordSimple,
    ];

    /// The field of the request that is wrong.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Login | Self::LoginTaken => "login",
            Self::Name => "name",
            Self::Roles => "roles",
            Self::Skills => "skills",
            Self::PasswordShort | Self::PasswordLong | Self::PasswordSimple => "password",
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Login => "invalid_login",
            Self::LoginTaken => "login_taken",
            Self::Name => "invalid_name",
            Self::Roles => "missing_role",
            Self::Skills => "invalid_skills",
            Self::PasswordShort => "password_too_short",
            Self::PasswordLong => "password_too_long",
            Self::PasswordSimple => "password_too_simple",
        }
    }
}

/// A person as stored.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonRecord {
    /// Who.
    #[n(0)]
    pub id: PersonId,
    /// The name he logs in with.
    #[n(1)]
    pub login: Login,
    /// The name colleagues and customers read.
    #[n(2)]
    pub name: String,
    /// Roles he holds now.
    #[n(3)]
    pub roles: BTreeSet<Role>,
    /// Skills by their codes (C-046).
    #[n(4)]
    pub skills: BTreeSet<String>,
    /// Whether he works here now: others can neither log in nor enrol a device.
    #[n(5)]
    pub active: bool,
    /// PHC string; absent for one who only uses a device.
    #[n(6)]
    pub password_hash: Option<String>,
    /// Language of the office page.
    #[n(7)]
    pub language: Language,
    /// When he was entered.
    #[n(8)]
    pub created_at: UnixMillis,
}

impl fmt::Debug for PersonRecord {
    /// Without name, login and password hash: debug output may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, roles, active, .. } = self;
        f.debug_struct("PersonRecord")
            .field("id", id)
            .field("roles", roles)
            .field("active", active)
            .finish_non_exhaustive()
    }
}

impl PersonRecord {
    /// Whether he holds `role` and works here.
    #[must_use]
    pub fn holds(&self, role: Role) -> bool {
        self.active && self.roles.contains(&role)
    }

    /// The stored bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        record::encode(self)
    }

    /// Reads the stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        record::decode("person", bytes)
    }
}

/// A person as an administrator enters him, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    // Invariant: every field has passed `new`.
    login: Login,
    name: String,
    roles: BTreeSet<Role>,
    skills: BTreeSet<String>,
    language: Language,
}

impl NewPerson {
    /// Checks what was entered, field by field in the order of the form.
    pub fn new<'a>(
        login: &str,
        name: &str,
        roles: impl IntoIterator<Item = Role>,
        skills: impl IntoIterator<Item = &'a str>,
        language: Language,
    ) -> Result<Self, PersonError> {
        let login = login.parse()?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
            return Err(PersonError::Name);
        }
        let roles: BTreeSet<Role> = roles.into_iter().collect();
        if roles.is_empty() {
            return Err(PersonError::Roles);
        }
        let skills: BTreeSet<String> = skills.into_iter().map(|skill| skill.trim().to_owned()).collect();
        let fits = |skill: &String| !skill.is_empty() && skill.chars().count() <= SKILL_CHARACTERS_MAX;
        if skills.len() > SKILLS_MAX || !skills.iter().all(fits) {
            return Err(PersonError::Skills);
        }
        Ok(Self { login, name: name.to_owned(), roles, skills, language })
    }

    /// The login, to look for somebody who has it.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The record to store.
    #[must_use]
    pub fn into_record(self, id: PersonId, password_hash: Option<String>, now: UnixMillis) -> PersonRecord {
        let Self { login, name, roles, skills, language } = self;
        PersonRecord { id, login, name, roles, skills, active: true, password_hash, language, created_at: now }
    }
}

/// Refuses a new password that is too short, too long or easy to guess.
pub fn check_new_password(password: &str, login: &Login) -> Result<(), PersonError> {
    let different: BTreeSet<char> = password.chars().collect();
    if password.len() > PASSWORD_BYTES_MAX {
        Err(PersonError::PasswordLong)
    } else if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        Err(PersonError::PasswordShort)
    } else if different.len() < 4 || password.to_lowercase() == login.as_str() {
        Err(PersonError::PasswordSimple)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(login: &str, name: &str, roles: &[Role], skills: &[&str]) -> Result<NewPerson, PersonError> {
        NewPerson::new(login, name, roles.iter().copied(), skills.iter().copied(), Language::Zh)
    }

    fn record() -> PersonRecord {
        let person = new("Li.Na", " 李娜 ", &[Role::Technician, Role::Clerk], &["lift", "boiler", "lift"]).unwrap();
        person.into_record(PersonId([1; 16]), Some("$argon2id$".into()), UnixMillis(7))
    }

    #[test]
    fn a_login_has_one_spelling() {
        assert_eq!(" Li.Na@Example ".parse::<Login>().unwrap().as_str(), "li.na@example");
        assert_eq!("李娜".parse::<Login>().unwrap().as_str(), "李娜");
        for refused in ["", "a", "two words", "a\tb", "a'b", &"x".repeat(65)] {
            assert_eq!(refused.parse::<Login>(), Err(PersonError::Login), "{refused:?}");
        }
    }

    #[test]
    fn a_new_person_names_the_wrong_field() {
        let clerk = &[Role::Clerk];
        let cases = [
            (new("x", "n", clerk, &[]), "login", "invalid_login"),
            (new("xy", "  ", clerk, &[]), "name", "invalid_name"),
            (new("xy", "a\nb", clerk, &[]), "name", "invalid_name"),
            (new("xy", "n", &[], &[]), "roles", "missing_role"),
            (new("xy", "n", clerk, &[" "]), "skills", "invalid_skills"),
        ];
        for (result, field, code) in cases {
            let error = result.err().unwrap();
            assert_eq!((error.field(), error.code()), (field, code));
        }
    }

    #[test]
    fn passwords_that_are_easy_to_guess_are_refused() {
        let login: Login = "longlogin1".parse().unwrap();
        let check = |password: &str| check_new_password(password, &login);
        assert_eq!(check("九个字符的密码不行"), Err(PersonError::PasswordShort));
        assert_eq!(check("十个字符的密码就可以了"), Ok(()));
        assert_eq!(check("LongLogin1"), Err(PersonError::PasswordSimple));
        assert_eq!(check("aaaaaaaabbbbbbb"), Err(PersonError::PasswordSimple));
        assert_eq!(check(&"ab1!".repeat(65)), Err(PersonError::PasswordLong));
    }

    #[test]
    fn golden_bytes_of_a_person() {
        let golden = "895001010101010101010101010101010101656c692e6e6166e69d8ee5a89c820003\
                      8266626f696c6572646c696674f56a246172676f6e326964240107";
        assert_eq!(data_encoding::HEXLOWER.encode(&record().to_bytes()), golden);
        assert_eq!(PersonRecord::from_bytes(&record().to_bytes()), Ok(record()));
        assert!(PersonRecord::from_bytes(b"\x89").is_err());
    }

    #[test]
    fn debug_output_has_no_personal_data() {
        let shown = format!("{:?}", record());
        assert!(!shown.contains("李娜") && !shown.contains("li.na") && !shown.contains("argon2"), "{shown}");
    }

    #[test]
    fn roles_of_those_who_left_do_not_count() {
        assert!(record().holds(Role::Clerk) && !record().holds(Role::Supervisor));
        assert!(!PersonRecord { active: false, ..record() }.holds(Role::Clerk));
    }
}
