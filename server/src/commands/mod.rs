//! The command line: one file for each command.

mod backtest;
#[cfg(feature = "local")]
mod burn;
mod console;
mod deploy;
mod destroy;
mod drain;
mod export;
mod healthcheck;
mod init;
mod logs;
mod open;
mod password;
mod release;
mod rollback;
mod serve;
mod signals;
mod status;
#[cfg(feature = "local")]
mod supervise;
#[cfg(feature = "local")]
mod up;
mod versions;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use control_plane::deployment::Flow;

use crate::{failure::Failure, runtime::block_on};

pub(crate) use signals::stop_asked;

/// What a deployment's configuration is called, in the app's folder.
const CONFIGURATION: &str = "flaskscale.toml";

/// Runs a web app so that it grows and shrinks with its load.
#[derive(Debug, Parser)]
#[command(name = "flaskscale", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command the program serves.
    #[command(flatten)]
    serve: serve::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve one instance: site, console, /health and /metrics (what happens without a command).
    Serve(serve::Args),
    /// Start a local cloud that really scales: emulator, load balancer and a group of instances.
    #[cfg(feature = "local")]
    Up(up::Args),
    /// Set a new console password, which ends all sessions.
    Password(password::Args),
    /// Write a commented flaskscale.toml for the app in a folder.
    Init(init::Args),
    /// Create or change what flaskscale.toml asks for at Google: planned, asked for, then done.
    Deploy(Box<deploy::Args>),
    /// Roll out a new version, watch it, and take it back if it does not become healthy.
    Release(release::Args),
    /// Go back to a version that was released before.
    Rollback(rollback::Args),
    /// List what was released, and what is in service.
    Versions(versions::Args),
    /// Show what is deployed, how it is, what it costs, and what to do next.
    Status(status::Args),
    /// Open the deployed site in the browser.
    Open(open::Args),
    /// Show what the instances write; -f goes on.
    Logs(logs::Args),
    /// Serve the console on this machine, with your own credentials, for a deployment of any image.
    Console(console::Args),
    /// Send a region no new requests; what runs there goes on.
    Drain(drain::Args),
    /// Send a drained region its share of the requests again.
    Fill(drain::Args),
    /// Write the deployment for gcloud or Terraform.
    Export(export::Args),
    /// Remove everything of a deployment.
    Destroy(destroy::Args),
    /// Try a policy on a group's recorded load, before it is applied.
    Backtest(Box<backtest::Args>),
    /// Ask an instance on this machine whether it is healthy (exit code 0) or not (1).
    Healthcheck(healthcheck::Args),
    /// Hold one instance of the local cloud and everything it starts.
    #[cfg(feature = "local")]
    #[command(name = "__supervise", hide = true, disable_help_flag = true)]
    Supervise(supervise::Args),
    /// Burn CPU, for the stress drill of a program that is not ours.
    #[cfg(feature = "local")]
    #[command(name = "__burn", hide = true)]
    Burn(burn::Args),
}

impl Cli {
    /// Runs the command to its end.
    ///
    /// The supervisor has to run before any thread exists, so each command makes its own runtime.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(args) => block_on(serve::run(args)),
            #[cfg(feature = "local")]
            Command::Up(args) => block_on(up::run(args)),
            Command::Password(args) => password::run(args),
            Command::Init(args) => init::run(&args),
            Command::Deploy(args) => block_on(deploy::run(*args)),
            Command::Release(args) => block_on(release::run(args)),
            Command::Rollback(args) => block_on(rollback::run(args)),
            Command::Versions(args) => block_on(versions::run(args)),
            Command::Status(args) => block_on(status::run(args)),
            Command::Open(args) => block_on(open::run(args)),
            Command::Logs(args) => block_on(logs::run(args)),
            Command::Console(args) => block_on(console::run(args)),
            Command::Drain(args) => block_on(drain::run(args, Flow::Drain)),
            Command::Fill(args) => block_on(drain::run(args, Flow::Fill)),
            Command::Export(args) => block_on(export::run(args)),
            Command::Destroy(args) => block_on(destroy::run(args)),
            Command::Backtest(args) => block_on(backtest::run(*args)),
            Command::Healthcheck(args) => block_on(healthcheck::run(args)),
            #[cfg(feature = "local")]
            Command::Supervise(args) => Ok(supervise::run(args)),
            #[cfg(feature = "local")]
            Command::Burn(args) => Ok(burn::run(&args)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_the_flags_are_those_of_serve() {
        let cli = Cli::try_parse_from(["flaskscale", "--cloud", "none"]).unwrap();
        assert!(cli.command.is_none());
    }

    #[cfg(feature = "local")]
    #[test]
    fn the_supervisor_gets_its_arguments_untouched() {
        let line = [
            "flaskscale",
            "__supervise",
            "run",
            "--log",
            "f",
            "--",
            "sh",
            "-c",
            "--",
            "--help",
        ];
        let Some(Command::Supervise(args)) = Cli::try_parse_from(line).unwrap().command else {
            panic!("not the supervisor");
        };
        assert_eq!(
            args.words,
            ["run", "--log", "f", "--", "sh", "-c", "--", "--help"]
        );
    }
}
