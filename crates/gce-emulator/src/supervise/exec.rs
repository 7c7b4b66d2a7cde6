//! The last step before the program: ties its life to the supervisor's, then becomes it.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, id},
};

use nix::{
    sys::prctl,
    sys::signal::{SigSet, Signal},
    unistd::getppid,
};

use super::PARENT_VARIABLE;

/// The exit code of a command that could not be started, as in a shell.
pub(super) const NOT_STARTED: u8 = 127;

/// Replaces this process by the program. It returns only when that failed, with the reason.
pub(super) fn replace_by(command: &[OsString]) -> String {
    if let Err(error) = die_with_parent() {
        return error;
    }
    // What the supervisor blocked for itself would stay blocked in the program, which could then
    // neither be told to end nor wait for its children.
    if let Err(error) = SigSet::empty().thread_set_mask() {
        return format!("cannot unblock signals: {error}");
    }
    let Some((program, arguments)) = command.split_first() else {
        return "no command was given".into();
    };
    let error = Command::new(program)
        .args(arguments)
        .env_remove(PARENT_VARIABLE)
        .exec();
    format!("cannot start `{}`: {error}", program.to_string_lossy())
}

fn die_with_parent() -> Result<(), String> {
    prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| format!("cannot tie process {} to its supervisor: {error}", id()))?;
    // A supervisor that died before the line above sends no signal any more.
    let expected = std::env::var(PARENT_VARIABLE).ok();
    match expected {
        Some(parent) if getppid().to_string() != parent => Err("the supervisor is gone".into()),
        _ => Ok(()),
    }
}
