//! `flaskscale password`: a new password for the console.

use std::{
    env,
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
    let password = if args.generate {
        None
    } else {
        secrets::ask_new()?
    };
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

fn refused(error: &PasswordError) -> Failure {
    Failure::input(format!("{error}; nothing was changed"))
}
