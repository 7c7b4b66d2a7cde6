//! The supervisor: a small program between the emulator and one instance.
//!
//! An instance may fork, daemonise, open sessions of its own and lose its parents, as gunicorn and
//! its workers do. Three properties of the supervisor hold it together all the same:
//!
//! * It is a *child subreaper*: a descendant that loses its parent becomes a child of the supervisor,
//!   never of init. "No child is left" therefore means "no descendant is left".
//! * Its standard input is a pipe from the emulator. The end of that pipe, however it came about,
//!   kills every descendant. A `kill -9` of the emulator closes the pipe too.
//! * The program is started by [`exec`], which asks the kernel to kill it when the supervisor dies.
//!   That covers the program itself when somebody kills the supervisor; the emulator sweeps up the
//!   rest by a mark in the environment.
//!
//! A container is held by its engine's client, which is the program then. Where the engine is a service
//! of the system, what runs in it is nobody's descendant here: the supervisor measures it from its first
//! process on, and has the engine remove it at the end.
//!
//! It runs single-threaded, since the kernel's parent-death signal follows threads, not processes.

mod args;
mod children;
mod commands;
mod container;
mod cpu;
mod exec;
mod log_file;
mod output;
pub mod protocol;
mod run;
mod tree;

use std::{ffi::OsString, process::ExitCode};

use self::args::Mode;

/// The environment variable by which the started program checks that its supervisor still lives.
pub(crate) const PARENT_VARIABLE: &str = "FLASKSCALE_SUPERVISOR_PID";

/// Runs the supervisor: `run --log FILE [--container ENGINE NAME] -- COMMAND…`, where COMMAND begins
/// with this same program and `exec -- PROGRAM…`.
///
/// Call it first in `main`, before any thread is started.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let result = match args::parse(args) {
        Ok(Mode::Run(options)) => run::run(&options).map_err(|error| error.to_string()),
        Ok(Mode::Exec(command)) => Err(exec::replace_by(&command)),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The emulator reads the log of an instance that did not start; this line is its reason.
            eprintln!("{message}");
            ExitCode::from(exec::NOT_STARTED)
        }
    }
}
