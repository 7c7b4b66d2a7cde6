//! The container of an instance, of which its engine's client is only the visible end.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::{Command, Output, Stdio},
};

use crate::containers::ContainerEngine;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    engine: ContainerEngine,
    name: String,
    /// Begins every command: this program and `exec --`, which unblocks signals.
    starter: Vec<OsString>,
    first_process: Option<i32>,
}

impl Container {
    /// `command` is the client's, and begins with this program and `exec --`.
    pub(super) fn new(engine: ContainerEngine, name: String, command: &[OsString]) -> Self {
        let end = command.iter().position(|word| word == "--");
        Self {
            engine,
            name,
            starter: command[..end.map_or(0, |end| end + 1)].to_vec(),
            first_process: None,
        }
    }

    /// The first process in it, where that is no descendant of ours.
    pub(super) fn first_process(&mut self) -> Option<i32> {
        if self.engine == ContainerEngine::Docker && self.first_process.is_none() {
            let format = "--format={{.State.Pid}}";
            let answer = self
                .output(["docker", "inspect", format, &self.name])
                .ok()?;
            let pid = String::from_utf8_lossy(&answer.stdout).trim().parse().ok();
            self.first_process = pid.filter(|pid| *pid > 0);
        }
        self.first_process
    }

    /// Lets it go on if somebody stopped it as it stands: the kernel keeps a signal to what is frozen, KILL
    /// too, until it is not any longer. That it is not frozen is what the engine mostly says.
    pub(super) fn thaw(&self) {
        self.output(self.engine.pause(&self.name, false)).ok();
    }

    /// Ends it, and forgets it. That it is gone already is no failure.
    pub(super) fn remove(&self) -> io::Result<()> {
        let answer = self.output(self.engine.remove(&self.name))?;
        let why = String::from_utf8_lossy(&answer.stderr);
        let is_gone = why.contains("No such container") || why.contains("already in progress");
        if answer.status.success() || is_gone {
            Ok(())
        } else {
            Err(io::Error::other(why.trim().to_owned()))
        }
    }

    fn output(&self, command: impl IntoIterator<Item = impl AsRef<OsStr>>) -> io::Result<Output> {
        let command = command.into_iter().map(|word| word.as_ref().to_owned());
        let mut words = self.starter.iter().cloned().chain(command);
        let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
        let mut process = Command::new(program);
        process.args(words).stdin(Stdio::null()).output()
    }
}
