//! The command line of the supervisor. Only the emulator writes it, so it has no help text.

use std::{ffi::OsString, path::PathBuf};

use super::container::Container;
use crate::containers::ContainerEngine;

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
    /// The container that the program is the client of.
    pub(super) container: Option<Container>,
    /// The command, with its arguments.
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the supervisor is started by the emulator: run --log FILE [--container ENGINE NAME] -- COMMAND…, \
     or exec -- PROGRAM…"
)]
pub(super) struct Misuse;

pub(super) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Mode, Misuse> {
    let mode = args.next().ok_or(Misuse)?;
    if mode == "exec" {
        let next = args.next();
        return Ok(Mode::Exec(command(next, args)?));
    }
    args.next()
        .filter(|flag| mode == "run" && flag == "--log")
        .ok_or(Misuse)?;
    let log = PathBuf::from(args.next().ok_or(Misuse)?);
    let mut next = args.next();
    let named = if next.as_ref().is_some_and(|flag| flag == "--container") {
        let named = named(&mut args)?;
        next = args.next();
        Some(named)
    } else {
        None
    };
    let command = command(next, args)?;
    let container = named.map(|(engine, name)| Container::new(engine, name, &command));
    Ok(Mode::Run(Options {
        log,
        container,
        command,
    }))
}

fn named(args: &mut impl Iterator<Item = OsString>) -> Result<(ContainerEngine, String), Misuse> {
    let mut word = || args.next()?.into_string().ok();
    let engine = word().and_then(|word| ContainerEngine::from_program(&word));
    Ok((engine.ok_or(Misuse)?, word().ok_or(Misuse)?))
}

fn command(
    separator: Option<OsString>,
    args: impl Iterator<Item = OsString>,
) -> Result<Vec<OsString>, Misuse> {
    let command: Vec<OsString> = args.collect();
    if separator.is_none_or(|word| word != "--") || command.is_empty() {
        return Err(Misuse);
    }
    Ok(command)
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
        assert_eq!(options.container, None);
        assert_eq!(
            parsed("exec -- true").unwrap(),
            Mode::Exec(vec!["true".into()])
        );
    }

    #[test]
    fn a_program_may_be_the_client_of_a_container() {
        let line = "run --log a.log --container podman web-1 -- own exec -- podman run web";
        let Mode::Run(options) = parsed(line).unwrap() else {
            panic!("not a run");
        };
        let command = ["own", "exec", "--", "podman", "run", "web"].map(OsString::from);
        let expected = Container::new(ContainerEngine::Podman, "web-1".into(), &command);
        assert_eq!(options.container, Some(expected));
        assert_eq!(options.command, command);
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
            "run --log f --container podman -- true",
            "run --log f --container runc web-1 -- true",
            "exec true",
            "go -- x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
