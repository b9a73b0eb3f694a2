//! `docket user`: people at the server's own terminal.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use docket_sync_core::facts::Role;
use docket_sync_core::reference::Language;

use super::{Failure, data, init, say};
use crate::auth::PersonChange;
use crate::auth::password;
use crate::auth::people::{NewPerson, check_new_password};
use crate::platform::Platform;

/// Manages people.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Adds a person.
    #[command(
        after_help = "Example:\n  docket user add --data /var/lib/docket --login li --name '李师傅' --role technician --skill gas --language zh\n\n\
        The server must not run on the same folder; while it runs, use the office page instead."
    )]
    Add {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Login: small letters, digits, dot, hyphen.
        #[arg(long)]
        login: String,
        /// Name as colleagues and customers read it.
        #[arg(long)]
        name: String,
        /// A role; repeat for several: clerk, dispatcher, supervisor, technician, administrator, auditor.
        #[arg(long = "role", value_parser = role, required = true)]
        roles: Vec<Role>,
        /// A skill's code; repeat for several.
        #[arg(long = "skill")]
        skills: Vec<String>,
        /// Language of the person: en or zh.
        #[arg(long, value_parser = language, default_value = "en")]
        language: Language,
        /// File whose first line is the password; one is made and printed when absent.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Changes a person: what is not named stays.
    #[command(after_help = "Example:\n  docket user set --data /var/lib/docket --login li --active no\n\n\
        Who does not work here any more can neither log in nor state anything on a device. The server must not run\n\
        on the same folder; while it runs, use the office page instead.")]
    Set {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Login of the person.
        #[arg(long)]
        login: String,
        /// Whether the person works here: yes or no.
        #[arg(long, value_parser = yes_or_no)]
        active: Option<bool>,
        /// A role the person is to have, instead of those held now; repeat for several.
        #[arg(long = "role", value_parser = role)]
        roles: Vec<Role>,
        /// A skill's code, instead of those held now; repeat for several.
        #[arg(long = "skill")]
        skills: Vec<String>,
        /// File whose first line is a new password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Lists people.
    #[command(after_help = "Example:\n  docket user list --data /var/lib/docket")]
    List {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_code(text).ok_or_else(|| {
        let codes: Vec<_> = Role::ALL.iter().map(|role| role.code()).collect();
        format!("possible are {}", codes.join(", "))
    })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("possible are yes, no".to_owned()),
    }
}

fn language(text: &str) -> Result<Language, String> {
    Language::from_code(text).ok_or_else(|| "possible are en, zh".to_owned())
}

pub(super) fn run(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add { data, login, name, roles, skills, language, password_file } => {
            let new = NewPerson::new(&login, &name, roles, skills.iter().map(String::as_str), language)?;
            let platform = Platform::system();
            let (secret, made) = init::password_from(password_file.as_ref(), &platform)?;
            check_new_password(&secret, new.login())?;
            let hash = password::hash(&secret, platform.bytes(), password::PasswordCost::default())?;
            let opened = data::open(&data)?;
            let by = data::administrator(&opened.office)?;
            let added =
                opened.office.committer.run_blocking(move |writer| writer.add_person(new, Some(hash), Some(by)));
            opened.close();
            let person = added?;
            say(&format!("Added {} ({}), login {}.", person.name, person.id, person.login.as_str()));
            if made {
                say(&format!("Password (shown this once): {}", secret.as_str()));
            }
            Ok(())
        }
        UserCommand::Set { data, login, active, roles, skills, password_file } => {
            let change = PersonChange {
                active,
                roles: (!roles.is_empty()).then(|| roles.into_iter().collect()),
                skills: (!skills.is_empty()).then(|| skills.into_iter().collect()),
                password_hash: None,
            };
            set(&data, &login, change, password_file.as_ref())
        }
        UserCommand::List { data } => {
            let opened = data::open(&data)?;
            let people = data::people(&opened.office);
            opened.close();
            for person in people? {
                let roles: Vec<_> = person.roles.iter().map(|role| role.code()).collect();
                let state = if person.active { "active" } else { "inactive" };
                say(&format!("{:<20} {:<24} {:<10} {}", person.login.as_str(), person.name, state, roles.join(",")));
            }
            Ok(())
        }
    }
}

fn set(data: &Path, login: &str, mut change: PersonChange, password_file: Option<&PathBuf>) -> Result<(), Failure> {
    if change == PersonChange::default() && password_file.is_none() {
        return Err(Failure::new("nothing is to be changed: give --active, --role, --skill or --password-file"));
    }
    let opened = data::open(data)?;
    let changed = (|| {
        let person = data::person(&opened.office, login)?;
        if password_file.is_some() {
            let platform = Platform::system();
            let (secret, _) = init::password_from(password_file, &platform)?;
            check_new_password(&secret, &person.login)?;
            change.password_hash = Some(password::hash(&secret, platform.bytes(), password::PasswordCost::default())?);
        }
        let by = data::administrator(&opened.office)?;
        let committer = &opened.office.committer;
        Ok::<_, Failure>(committer.run_blocking(move |writer| writer.change_person(person.id, change, by))?)
    })();
    opened.close();
    let person = changed?;
    let roles: Vec<_> = person.roles.iter().map(|role| role.code()).collect();
    let state = if person.active { "active" } else { "inactive" };
    say(&format!("{} is {state} as {}.", person.login.as_str(), roles.join(",")));
    Ok(())
}
