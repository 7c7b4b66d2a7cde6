//! The `flaskscale` program: one binary, one file per command.

mod clock;
mod cloud;
mod commands;
mod deploy;
mod drill;
mod failure;
mod identity;
mod local_faults;
mod local_token;
mod logs;
mod metadata;
mod own_console;
mod pages;
mod plain_http;
mod registry;
mod runtime;
mod secrets;
mod session;
mod signals;
mod site;
mod state_dir;
#[cfg(feature = "local")]
mod up;
mod web;

use std::process::ExitCode;

use clap::Parser;
use commands::Cli;

/// The balancer allocates some dozens of times for a request, and its blocks come and go on one
/// thread: with this allocator a request costs it a sixth less than with the system's.
#[cfg(feature = "local")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    match cli.run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
