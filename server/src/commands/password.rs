//! `flaskscale password`: a new password for the console.

use std::{
    env,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    failure::Failure,
    secrets::{self, PasswordError},
    state_dir::{self, SECRETS_FILE},
};

/// The flags of `password`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Make up a password and print it, instead of reading one from the terminal or standard input
    #[arg(long)]
    generate: bool,
    /// State directory of the local cloud [default: FLASKSCALE_SECRETS_FILE, else the platform's data directory]
    #[arg(long)]
    state_dir: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<ExitCode, Failure> {
    let path = secrets_file(args.state_dir)?;
    let password = if args.generate { None } else { read_new()? };
    if let Some(password) = password {
        let accepted = secrets::accept(password).map_err(|error| refused(&error))?;
        store(&path, &accepted)?;
        println!("password changed; all sessions have ended");
    } else {
        let password = secrets::generate();
        store(&path, &password)?;
        println!("password {password}");
    }
    Ok(ExitCode::SUCCESS)
}

fn secrets_file(state_dir: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let named = env::var_os("FLASKSCALE_SECRETS_FILE").filter(|path| !path.is_empty());
    match (state_dir, named) {
        (None, Some(path)) => Ok(path.into()),
        (directory, _) => Ok(state_dir::choose(directory)?.join(SECRETS_FILE)),
    }
}

/// A fleet that never started has no secrets yet; they begin with this password.
fn store(path: &Path, password: &str) -> Result<(), Failure> {
    let stored = if path.exists() {
        secrets::set_password(path, password)
    } else {
        if let Some(directory) = path.parent() {
            state_dir::prepare(directory)?;
        }
        secrets::create(path, password)
    };
    stored.map_err(|error| Failure::input_because("cannot store the password", &error))
}

/// From a terminal twice and unseen, from anything else one line. An empty answer asks for a made-up one.
fn read_new() -> Result<Option<String>, Failure> {
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

fn refused(error: &PasswordError) -> Failure {
    Failure::input(format!("{error}; nothing was changed"))
}
