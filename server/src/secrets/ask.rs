//! Where a new password comes from: a file that a variable names, a terminal, or standard input.

use std::{
    env, fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use super::password;
use crate::failure::Failure;

/// Names a file with the password.
pub(crate) const PASSWORD_FILE: &str = "FLASKSCALE_ADMIN_PASSWORD_FILE";

/// The password of the file that is named for it, if one is.
pub(crate) fn preset() -> Result<Option<String>, Failure> {
    let Some(file) = env::var_os(PASSWORD_FILE).filter(|file| !file.is_empty()) else {
        return Ok(None);
    };
    let about = || format!("{PASSWORD_FILE} {}", Path::new(&file).display());
    let text =
        fs::read_to_string(&file).map_err(|error| Failure::input_because(about(), &error))?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    password::accept(password)
        .map(Some)
        .map_err(|error| Failure::input_because(about(), &error))
}

/// From a terminal twice and unseen, from anything else one line. An empty answer on a terminal asks for
/// a made-up one, and gives `None`.
pub(crate) fn ask_new() -> Result<Option<String>, Failure> {
    let fail = |error: io::Error| Failure::input_because("cannot read the password", &error);
    if !io::stdin().is_terminal() {
        let first = read_line().map_err(fail)?;
        return Ok(Some(first));
    }
    let first = ask_unseen("New password (empty: make one up): ").map_err(fail)?;
    if first.is_empty() {
        return Ok(None);
    }
    if ask_unseen("The same again: ").map_err(fail)? != first {
        return Err(Failure::input(
            "the two passwords differ; nothing was changed",
        ));
    }
    Ok(Some(first))
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask_unseen(question: &str) -> io::Result<String> {
    eprint!("{question}");
    io::stderr().flush()?;
    let line = without_echo(read_line);
    eprintln!();
    line
}

#[cfg(unix)]
fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let terminal = io::stdin();
    let before = tcgetattr(&terminal)?;
    let mut unseen = before.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &unseen)?;
    let result = read();
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    result
}

#[cfg(not(unix))]
fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    read()
}
