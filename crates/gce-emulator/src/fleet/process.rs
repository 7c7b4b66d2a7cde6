//! One supervised program, from the emulator's side.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use super::marks;
use crate::{
    containers::ContainerEngine,
    supervise::protocol::{Command, Event, Exit},
};

/// Beyond a program's grace, what a supervisor may need to kill and to tell. Then it is killed
/// itself.
const SUPERVISOR_NEEDS: Duration = Duration::from_secs(10);

/// What to start.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// The supervisor's command, to which its own arguments are added.
    pub(super) supervisor: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) log: PathBuf,
    /// The value of the mark that all its processes bear.
    pub(super) mark: String,
    /// The container of which the command is the client.
    pub(super) container: Option<Held>,
}

/// A container of an instance.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) engine: ContainerEngine,
    pub(super) name: String,
}

/// A running supervisor with its program. Dropping it ends both: the pipe closes.
#[derive(Debug)]
pub(super) struct Supervised {
    supervisor: Child,
    commands: Option<ChildStdin>,
    events: BufReader<ChildStdout>,
    line: Vec<u8>,
    mark: String,
    container: Option<Held>,
}

impl Supervised {
    pub(super) fn spawn(spec: Spec) -> io::Result<Self> {
        let Some((program, own)) = spec.supervisor.split_first() else {
            return Err(io::Error::other("no supervisor is configured"));
        };
        let mut supervisor = tokio::process::Command::new(program)
            .args(own)
            .args(["run", "--log"])
            .arg(&spec.log)
            .args(spec.container.iter().flat_map(Held::flag))
            .arg("--")
            .args(&spec.supervisor)
            .args(["exec", "--"])
            .args(spec.command.iter().map(OsString::from))
            .envs(spec.env)
            .env(marks::VARIABLE, &spec.mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(append_to(&spec.log)?))
            // Ctrl-C in the terminal goes to a whole process group; the emulator decides alone.
            .process_group(0)
            .spawn()?;
        let commands = supervisor.stdin.take();
        let stdout = supervisor
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("no pipe"))?;
        let events = BufReader::new(stdout);
        Ok(Self {
            supervisor,
            commands,
            events,
            line: Vec::new(),
            mark: spec.mark,
            container: spec.container,
        })
    }

    /// The next event. A supervisor that is gone without a last word was killed: what it left is
    /// swept up, and the end is unknown. It may be awaited again after it was dropped unfinished.
    pub(super) async fn event(&mut self) -> Event {
        loop {
            let read = self.events.read_until(b'\n', &mut self.line).await;
            if !matches!(read, Ok(1..)) {
                self.bury().await;
                return Event::Exited {
                    status: Exit::Unknown,
                };
            }
            let event = serde_json::from_slice(&self.line);
            self.line.clear();
            if let Ok(event) = event {
                return event;
            }
        }
    }

    /// TERM, the grace, KILL: returns when no process of it is left.
    pub(super) async fn terminate(mut self, grace: Duration) -> Exit {
        self.order(&Command::Terminate {
            grace_ms: grace.as_millis() as u64,
        })
        .await;
        let exit = tokio::time::timeout(grace + SUPERVISOR_NEEDS, self.exit()).await;
        self.bury().await;
        exit.unwrap_or(Exit::Unknown)
    }

    /// Sends a command. A supervisor that does not take it is about to say that it ended.
    pub(super) async fn order(&mut self, command: &Command) {
        let Some(commands) = &mut self.commands else {
            return;
        };
        let Ok(mut line) = serde_json::to_vec(command) else {
            return;
        };
        line.push(b'\n');
        commands.write_all(&line).await.ok();
    }

    async fn exit(&mut self) -> Exit {
        loop {
            if let Event::Exited { status } = self.event().await {
                return status;
            }
        }
    }

    /// Ends and reaps the supervisor, and whatever it may have left.
    pub(super) async fn bury(&mut self) {
        self.commands = None;
        let ended = tokio::time::timeout(SUPERVISOR_NEEDS, self.supervisor.wait()).await;
        if !matches!(ended, Ok(Ok(status)) if ExitStatus::success(&status)) {
            self.supervisor.kill().await.ok();
            marks::kill_bearers(&self.mark).await;
            if let Some(Held { engine, name }) = &self.container
                && let Err(error) = engine.end(name).await
            {
                tracing::warn!(name, %error, "a container could not be removed");
            }
        }
    }

    /// Stops the program as it stands, or lets it go on: its process group, which this process leads, or
    /// its container.
    pub(super) async fn freeze(&self, leader: Pid, frozen: bool) {
        if let Some(Held { engine, name }) = &self.container {
            if let Err(error) = engine.freeze(name, frozen).await {
                tracing::warn!(name, frozen, %error, "a container could not be stopped or woken");
            }
            return;
        }
        let signal = if frozen {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        };
        killpg(leader, signal).ok();
    }
}

impl Held {
    fn flag(&self) -> [&str; 3] {
        ["--container", self.engine.program(), &self.name]
    }
}

pub(super) fn append_to(log: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(log)
}
