//! What the emulator and a supervisor say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};

/// From the supervisor, on its standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The program runs as this process, which also leads its process group.
    Started { pid: i32 },
    /// The CPU time of all descendants so far, ended ones included. It never falls.
    Cpu {
        used_ns: u64,
        /// When it was measured, on the system's monotonic clock, so that a report read late is
        /// still divided by the right time.
        at_ns: u64,
    },
    /// The program ended, and no descendant is left. The supervisor's last word.
    Exited { status: Exit },
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The supervisor itself died or could not start; nobody knows more.
    Unknown,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("the end of its supervisor"),
        }
    }
}

/// From the emulator, on the supervisor's standard input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Command {
    /// TERM to the program's process group; KILL to all that is left after the grace.
    Terminate { grace_ms: u64 },
    /// KILL to every descendant, now.
    Kill,
    /// Starts a second program beside the first. Its CPU counts as the instance's. Like the first,
    /// it should begin with the supervisor's own `exec --`.
    StartSide { command: Vec<String> },
    /// Kills the second program, if it runs.
    StopSide,
}
