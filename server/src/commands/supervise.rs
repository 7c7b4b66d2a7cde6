//! `flaskscale __supervise …`: written by the emulator, never by hand.

use std::{ffi::OsString, process::ExitCode};

/// Everything behind the command's name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) words: Vec<OsString>,
}

pub(super) fn run(args: Args) -> ExitCode {
    gce_emulator::supervise::main(args.words.into_iter())
}
