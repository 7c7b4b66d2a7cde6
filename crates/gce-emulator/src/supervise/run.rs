//! The supervisor's life: start the program, serve commands, report, and leave nothing behind.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        prctl,
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
    time::{ClockId, clock_gettime},
};

use super::{
    args::Options,
    children::{Children, kill_descendants},
    commands::Commands,
    container::Container,
    cpu::CpuMeter,
    log_file::LogFile,
    output::Output,
    protocol::{Command, Event, Exit},
};

const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How long a look for survivors waits for the death of the last ones it killed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a TERM to the supervisor itself allows, as at a system's shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("cannot open the log `{path}`: {source}")]
    Log { path: String, source: io::Error },
    #[error("cannot supervise: {0}")]
    System(#[from] io::Error),
    #[error("cannot start `{program}`: {source}")]
    Start { program: String, source: io::Error },
}

impl From<Errno> for RunError {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

/// Starts the program and returns when neither it nor any descendant is left.
pub(super) fn run(options: &Options) -> Result<(), RunError> {
    prctl::set_child_subreaper(true)?;
    let signals = block_signals()?;
    let log = LogFile::open(&options.log).map_err(|source| RunError::Log {
        path: options.log.display().to_string(),
        source,
    })?;
    let (reader, writer) = io::pipe()?;
    let output = Output::new(reader, log)?;
    let program = options.command[0].to_string_lossy();
    let children = Children::start(&options.command, writer).map_err(|source| RunError::Start {
        program: program.into_owned(),
        source,
    })?;
    let mut supervisor = Supervisor {
        signals,
        output,
        children,
        container: options.container.clone(),
        commands: Commands::default(),
        meter: CpuMeter::new(),
        kill_at: None,
        report_at: Instant::now(),
    };
    let ended = supervisor.serve();
    supervisor.leave_nothing();
    ended
}

/// Signals are read from a descriptor, so that one wait covers them, the commands and the output.
fn block_signals() -> nix::Result<SignalFd> {
    let mut mask = SigSet::empty();
    for signal in [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
    ] {
        mask.add(signal);
    }
    mask.thread_block()?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

struct Supervisor {
    signals: SignalFd,
    output: Output,
    children: Children,
    container: Option<Container>,
    commands: Commands,
    meter: CpuMeter,
    kill_at: Option<Instant>,
    report_at: Instant,
}

impl Supervisor {
    /// Runs until the program ended or everything is to be killed.
    fn serve(&mut self) -> Result<(), RunError> {
        // A report that nobody takes means that the emulator is gone.
        if say(&Event::Started {
            pid: self.children.main(),
        })
        .is_err()
        {
            return Ok(());
        }
        while self.children.exit().is_none() {
            let now = Instant::now();
            if self.kill_at.is_some_and(|at| at <= now) {
                return Ok(());
            }
            if self.report_at <= now {
                if self.report_cpu().is_err() {
                    return Ok(());
                }
                self.report_at = now + REPORT_EVERY;
            }
            let commands = self.wait(
                self.kill_at
                    .map_or(self.report_at, |at| at.min(self.report_at)),
            )?;
            self.take_signals();
            self.output.drain();
            self.children.reap();
            if commands && self.obey() == Next::Kill {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits for anything to happen; true when there are commands.
    fn wait(&self, until: Instant) -> Result<bool, RunError> {
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        let stdin = io::stdin();
        let watched = [
            Some(stdin.as_fd()),
            Some(self.signals.as_fd()),
            self.output.fd(),
        ];
        let watched = watched.into_iter().flatten();
        let mut watched: Vec<PollFd<'_>> = watched
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        match poll(&mut watched, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(watched[0].any().unwrap_or(false)),
            Err(error) => Err(error.into()),
        }
    }

    /// SIGCHLD only wakes the loop: one signal may stand for many children.
    fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if signal.ssi_signo != Signal::SIGCHLD as u32 {
                self.terminate(SHUTDOWN_GRACE);
            }
        }
    }

    fn obey(&mut self) -> Next {
        let Some(commands) = self.commands.read() else {
            return Next::Kill;
        };
        for command in commands {
            match command {
                Command::Kill => return Next::Kill,
                Command::Terminate { grace_ms } => self.terminate(Duration::from_millis(grace_ms)),
                Command::StartSide { command } => {
                    if let Err(error) = self.children.start_side(&command) {
                        self.output
                            .note(&format!("cannot start {command:?}: {error}"));
                    }
                }
                Command::StopSide => self.children.stop_side(),
            }
        }
        Next::Continue
    }

    fn terminate(&mut self, grace: Duration) {
        if self.kill_at.is_none() {
            self.children.terminate();
            self.kill_at = Some(Instant::now() + grace);
        }
    }

    /// Kills until none is left, and says so.
    fn leave_nothing(&mut self) {
        if let Some(container) = &self.container
            && self.children.exit().is_none()
        {
            container.thaw();
        }
        self.kill_all();
        if let Some(container) = &self.container {
            if let Err(error) = container.remove() {
                self.output
                    .note(&format!("cannot remove the container: {error}"));
            }
            self.kill_all();
        }
        self.output.drain();
        // Nobody may be left to hear the last words.
        self.report_cpu().ok();
        say(&Event::Exited {
            status: self.children.exit().unwrap_or(Exit::Unknown),
        })
        .ok();
    }

    fn kill_all(&mut self) {
        while self.children.reap() {
            kill_descendants();
            let mut watched = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(LOOK_AGAIN).unwrap_or(PollTimeout::ZERO);
            poll(&mut watched, timeout).ok();
            while let Ok(Some(_)) = self.signals.read_signal() {}
        }
    }

    fn report_cpu(&mut self) -> io::Result<()> {
        let beside = self.container.as_mut().and_then(Container::first_process);
        let used_ns = self.meter.read(beside);
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
        say(&Event::Cpu {
            used_ns,
            at_ns: Duration::from(now).as_nanos() as u64,
        })
    }
}

#[derive(PartialEq)]
enum Next {
    Continue,
    Kill,
}

fn say(event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}
