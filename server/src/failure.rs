//! How a command ends when it cannot do its work: one line on stderr and an exit code.

use std::{error::Error, process::ExitCode};

/// Bad input or a bad environment: nothing was changed, and trying again needs a different call.
const BAD_INPUT: u8 = 2;
/// Something broke while the command ran.
const BROKEN: u8 = 1;

/// Why a command ended early, as the line that a person reads.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub(crate) struct Failure {
    line: String,
    /// More of the same sort, each a line of its own.
    more: Vec<String>,
    code: u8,
}

impl Failure {
    /// A wrong flag, a taken port, an unwritable directory, a damaged file.
    pub(crate) fn input(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            more: Vec::new(),
            code: BAD_INPUT,
        }
    }

    /// Several things that are wrong at once, at least one.
    pub(crate) fn inputs(lines: Vec<String>) -> Self {
        let mut lines = lines.into_iter();
        let first = Self::input(lines.next().unwrap_or_default());
        Self {
            more: lines.collect(),
            ..first
        }
    }

    /// Like [`Failure::input`], with the whole chain of causes behind the context.
    pub(crate) fn input_because(context: impl Into<String>, cause: &dyn Error) -> Self {
        Self::input(format!("{}: {}", context.into(), chain(cause)))
    }

    /// A failure in the middle of the work.
    pub(crate) fn broken(line: impl Into<String>) -> Self {
        Self {
            code: BROKEN,
            ..Self::input(line)
        }
    }

    /// Like [`Failure::broken`], with the whole chain of causes behind the context.
    pub(crate) fn broken_because(context: impl Into<String>, cause: &dyn Error) -> Self {
        Self::broken(format!("{}: {}", context.into(), chain(cause)))
    }

    /// Writes the line, or the lines, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        for line in std::iter::once(&self.line).chain(&self.more) {
            eprintln!("error: {}", one_line(line));
        }
        ExitCode::from(self.code)
    }
}

/// What clap has to say: help and the version in full, an error in one line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let message = text.split("\n\n").next().unwrap_or(&text);
    eprintln!("{} (see flaskscale --help)", one_line(message));
    ExitCode::from(BAD_INPUT)
}

/// An error with everything that caused it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
