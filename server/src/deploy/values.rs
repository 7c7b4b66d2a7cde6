//! What the secrets of a console hold when they are made. None of it is in a plan, in a line that is
//! printed, or on a command line.

use std::io::{self, IsTerminal};

use control_plane::deployment::{ConsoleSecrets, Plan, Values};
use gce::secrets::Payload;

use super::Target;
use crate::{
    failure::Failure,
    secrets::{self, PASSWORD_FILE},
};

/// A value for each secret that a plan fills: a random key, and the hash of a password that is asked for.
pub(super) fn values(plan: &Plan, target: &Target) -> Result<Values, Failure> {
    let names = ConsoleSecrets::of(target.name());
    let mut values = Values::default();
    for secret in plan.secrets_to_fill() {
        let value = if secret == names.session_key {
            secrets::new_session_key()
        } else {
            password_hash()?
        };
        values.insert(secret, Payload::new(value.into_bytes()));
    }
    Ok(values)
}

/// Of the password in the file that is named for it, else of one from the terminal.
fn password_hash() -> Result<String, Failure> {
    let refused = |error: secrets::PasswordError| Failure::input(error.to_string());
    let password = match secrets::preset()? {
        Some(password) => password,
        None if !io::stdin().is_terminal() => {
            return Err(Failure::input(format!(
                "the console needs a password: name a file with it in {PASSWORD_FILE}, or run this on a \
                 terminal"
            )));
        }
        None => {
            eprintln!("the console's user is admin");
            match secrets::ask_new()? {
                Some(given) => secrets::accept(given).map_err(refused)?,
                None => made_up(),
            }
        }
    };
    secrets::hash(&password).map_err(refused)
}

/// Shown once, where it was asked for.
fn made_up() -> String {
    let password = secrets::generate();
    eprintln!("password {password}");
    password
}
