//! The supervisor's life: start the program, serve commands, report, and leave nothing behind.

use std::{
    io::{self, PipeReader, Read, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        prctl,
        signal::{SigSet, Signal, kill, killpg},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    time::{ClockId, clock_gettime},
    unistd::Pid,
};

use super::{
    PARENT_VARIABLE,
    args::Options,
    cpu::CpuMeter,
    log_file::LogFile,
    protocol::{Command, Event, Exit},
    tree,
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
    let mut supervisor = Supervisor::new(options)?;
    supervisor.start(options)?;
    let ended = supervisor.serve();
    supervisor.kill_all();
    supervisor.drain_output();
    supervisor.report_cpu().ok();
    supervisor
        .say(&Event::Exited {
            status: supervisor.exit.unwrap_or(Exit::Unknown),
        })
        .ok();
    ended
}

struct Supervisor {
    commands: Commands,
    signals: SignalFd,
    log: LogFile,
    output: PipeReader,
    meter: CpuMeter,
    main: Option<Pid>,
    exit: Option<Exit>,
    side: Option<Pid>,
    kill_at: Option<Instant>,
    report_at: Instant,
}

impl Supervisor {
    fn new(options: &Options) -> Result<Self, RunError> {
        prctl::set_child_subreaper(true)?;
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
        let log = LogFile::open(&options.log).map_err(|source| RunError::Log {
            path: options.log.display().to_string(),
            source,
        })?;
        // The writing end lives only in the programs that `start` and `start_side` hand it to.
        let (output, _) = io::pipe()?;
        Ok(Self {
            commands: Commands::default(),
            signals: SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?,
            log,
            output,
            meter: CpuMeter::new(),
            main: None,
            exit: None,
            side: None,
            kill_at: None,
            report_at: Instant::now(),
        })
    }

    fn start(&mut self, options: &Options) -> Result<(), RunError> {
        let (output, writer) = io::pipe()?;
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        self.output = output;
        let mut command = Process::new(&options.command[0]);
        command
            .args(&options.command[1..])
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let pid = spawn(command).map_err(|source| RunError::Start {
            program: options.command[0].to_string_lossy().into_owned(),
            source,
        })?;
        self.main = Some(pid);
        Ok(())
    }

    /// Runs until the program ended or everything is to be killed.
    fn serve(&mut self) -> Result<(), RunError> {
        let Some(main) = self.main else { return Ok(()) };
        if self.say(&Event::Started { pid: main.as_raw() }).is_err() {
            return Ok(());
        }
        while self.exit.is_none() {
            let now = Instant::now();
            if self.kill_at.is_some_and(|at| at <= now) {
                return Ok(());
            }
            if self.report_at <= now {
                // A report that nobody takes means that the emulator is gone.
                if self.report_cpu().is_err() {
                    return Ok(());
                }
                self.report_at = now + REPORT_EVERY;
            }
            self.wait(
                self.kill_at
                    .map_or(self.report_at, |at| at.min(self.report_at)),
            )?;
            self.take_signals();
            self.drain_output();
            self.reap();
            if self.obey()? == Next::Kill {
                return Ok(());
            }
        }
        Ok(())
    }

    fn wait(&mut self, until: Instant) -> Result<(), RunError> {
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        let stdin = io::stdin();
        let mut watched = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.output.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut watched, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let any = PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR;
        self.commands.ready = watched[0]
            .revents()
            .is_some_and(|events| events.intersects(any));
        Ok(())
    }

    /// SIGCHLD only wakes the loop: one signal may stand for many children.
    fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if signal.ssi_signo != Signal::SIGCHLD as u32 {
                self.terminate(SHUTDOWN_GRACE);
            }
        }
    }

    /// Takes the records of all children that ended. False when no child is left at all, and so,
    /// this being a subreaper, no descendant.
    fn reap(&mut self) -> bool {
        loop {
            let (pid, exit) = match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Exit::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
                Ok(WaitStatus::StillAlive) => return true,
                Err(Errno::ECHILD) => return false,
                Ok(_) | Err(_) => continue,
            };
            if Some(pid) == self.main {
                self.exit = Some(exit);
            } else if Some(pid) == self.side {
                self.side = None;
            }
        }
    }

    fn obey(&mut self) -> Result<Next, RunError> {
        if !self.commands.ready {
            return Ok(Next::Continue);
        }
        let Some(commands) = self.commands.read() else {
            return Ok(Next::Kill);
        };
        for command in commands {
            match command {
                Command::Kill => return Ok(Next::Kill),
                Command::Terminate { grace_ms } => self.terminate(Duration::from_millis(grace_ms)),
                Command::StartSide { command } => self.start_side(&command)?,
                Command::StopSide => self.stop_side(),
            }
        }
        Ok(Next::Continue)
    }

    fn terminate(&mut self, grace: Duration) {
        if self.kill_at.is_none() {
            self.stop_side();
            if let Some(main) = self.main {
                killpg(main, Signal::SIGTERM).ok();
            }
            self.kill_at = Some(Instant::now() + grace);
        }
    }

    fn start_side(&mut self, command: &[String]) -> Result<(), RunError> {
        self.stop_side();
        let [program, arguments @ ..] = command else {
            return Ok(());
        };
        let mut process = Process::new(program);
        process
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match spawn(process) {
            Ok(pid) => self.side = Some(pid),
            Err(error) => self
                .log
                .append(format!("cannot start `{program}`: {error}\n").as_bytes())?,
        }
        Ok(())
    }

    fn stop_side(&mut self) {
        if let Some(side) = self.side.take() {
            kill(side, Signal::SIGKILL).ok();
        }
    }

    /// Kills until none is left. A descendant may fork while it is looked for; its child has the
    /// supervisor as an ancestor too, and the next look finds it.
    fn kill_all(&mut self) {
        while self.reap() {
            for member in tree::descendants(std::process::id() as i32) {
                kill(Pid::from_raw(member.pid), Signal::SIGKILL).ok();
            }
            let mut watched = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(LOOK_AGAIN).unwrap_or(PollTimeout::ZERO);
            poll(&mut watched, timeout).ok();
            while let Ok(Some(_)) = self.signals.read_signal() {}
        }
    }

    fn drain_output(&mut self) {
        let mut buffer = [0; 1 << 16];
        // A program that writes without end must not keep the supervisor from its commands.
        for _ in 0..16 {
            match self.output.read(&mut buffer) {
                Ok(length @ 1..) => {
                    // A full disk costs lines of the log, not the instance.
                    self.log.append(&buffer[..length]).ok();
                }
                Ok(0) | Err(_) => return,
            }
        }
    }

    fn report_cpu(&mut self) -> io::Result<()> {
        let used_ns = self.meter.read();
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
        self.say(&Event::Cpu {
            used_ns,
            at_ns: Duration::from(now).as_nanos() as u64,
        })
    }

    fn say(&self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.flush()
    }
}

#[derive(PartialEq)]
enum Next {
    Continue,
    Kill,
}

/// Starts a program in a process group of its own. Whoever waits for it is `reap`.
fn spawn(mut command: Process) -> io::Result<Pid> {
    let child = command
        .stdin(Stdio::null())
        .env(PARENT_VARIABLE, std::process::id().to_string())
        .process_group(0)
        .spawn()?;
    Ok(Pid::from_raw(child.id() as i32))
}

/// The emulator's end of standard input, cut into commands.
#[derive(Default)]
struct Commands {
    ready: bool,
    rest: Vec<u8>,
}

impl Commands {
    /// The commands that arrived; `None` at the end of the pipe.
    fn read(&mut self) -> Option<Vec<Command>> {
        let mut buffer = [0; 4096];
        match nix::unistd::read(io::stdin(), &mut buffer) {
            Ok(0) => return None,
            Ok(length) => self.rest.extend_from_slice(&buffer[..length]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(_) => return None,
        }
        let end = self
            .rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.rest.drain(..end).collect();
        Some(
            lines
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice(line).ok())
                .collect(),
        )
    }
}
