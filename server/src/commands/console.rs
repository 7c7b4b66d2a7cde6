//! `flaskscale console`: the console alone, on its owner's machine, with the owner's own credentials.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{CONFIGURATION, stop_asked};
use crate::{
    cloud::Connection,
    deploy::read_configuration,
    failure::Failure,
    logs,
    own_console::{self, OwnConsole},
    secrets,
    state_dir::{self, SECRETS_FILE},
};

/// The flags of `console`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The deployment's configuration, which names the project [default: flaskscale.toml, if it is there]
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Port of loopback to listen on; 0 means any free one
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Where the password's hash and the session key are kept [default: the platform's data directory]
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let stop = stop_asked()?;
    let project = project(args.file.as_deref())?;
    let connection = Connection::of_owner(project.as_deref()).await?;
    let bound = own_console::bind(args.port).await?;
    let directory = state_dir::choose(args.state_dir)?;
    state_dir::prepare(&directory)?;
    let secrets_file = directory.join(SECRETS_FILE);
    let password = secrets::ensure(&secrets_file)?;
    let console = OwnConsole::serve(bound, connection, secrets_file);
    println!("console {}", console.url());
    if let Some(password) = password {
        println!("password {password}");
    }
    println!("ready");
    if args.open
        && let Err(error) = open::that(console.url())
    {
        tracing::warn!(%error, "no browser can be started here: open the address by hand");
    }
    stop.await;
    console.end().await;
    Ok(ExitCode::SUCCESS)
}

/// The project of the configuration. Without one, the environment may say it.
fn project(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let usual = Path::new(CONFIGURATION);
    match file.or_else(|| usual.exists().then_some(usual)) {
        Some(path) => Ok(read_configuration(path)?.project),
        None => Ok(None),
    }
}
