//! The command line of the supervisor. Only the emulator writes it, so it has no help text.

use std::{ffi::OsString, path::PathBuf};

/// What this process is.
#[derive(Debug, PartialEq)]
pub(super) enum Mode {
    /// The supervisor.
    Run(Options),
    /// The last step before the program: it becomes the program.
    Exec(Vec<OsString>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Options {
    /// Where the program's output goes.
    pub(super) log: PathBuf,
    /// The command, with its arguments.
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the supervisor is started by the emulator: run --log FILE -- COMMAND…, or exec -- PROGRAM…"
)]
pub(super) struct Misuse;

pub(super) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Mode, Misuse> {
    let mode = args.next().ok_or(Misuse)?;
    let log = if mode == "run" {
        args.next().filter(|flag| flag == "--log").ok_or(Misuse)?;
        Some(PathBuf::from(args.next().ok_or(Misuse)?))
    } else if mode == "exec" {
        None
    } else {
        return Err(Misuse);
    };
    args.next()
        .filter(|separator| separator == "--")
        .ok_or(Misuse)?;
    let command: Vec<OsString> = args.collect();
    if command.is_empty() {
        return Err(Misuse);
    }
    Ok(match log {
        Some(log) => Mode::Run(Options { log, command }),
        None => Mode::Exec(command),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn parsed(line: &str) -> Result<Mode, Misuse> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_program_may_have_any_arguments() {
        let Mode::Run(options) = parsed("run --log a.log -- sh -c -- --log").unwrap() else {
            panic!("not a run");
        };
        assert_eq!(options.command, ["sh", "-c", "--", "--log"]);
        assert_eq!(
            parsed("exec -- true").unwrap(),
            Mode::Exec(vec!["true".into()])
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "run",
            "run --log",
            "run --log f",
            "run --log f --",
            "run -- true",
            "exec true",
            "go -- x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
