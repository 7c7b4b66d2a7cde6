//! The processes of an instance: started, waited for, and ended to the last one.

use std::{
    ffi::OsString,
    io::{self, PipeWriter},
    os::unix::process::CommandExt,
    process::{Command as Process, Stdio},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use super::{PARENT_VARIABLE, protocol::Exit, tree};

/// The program of the instance, and the one that may run beside it.
#[derive(Debug)]
pub(super) struct Children {
    main: Pid,
    exit: Option<Exit>,
    side: Option<Pid>,
}

impl Children {
    /// Starts the program. Only it, and those that inherit it, then hold `output`.
    pub(super) fn start(command: &[OsString], output: PipeWriter) -> io::Result<Self> {
        let [program, arguments @ ..] = command else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut process = Process::new(program);
        process
            .args(arguments)
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(Self {
            main: spawn(process)?,
            exit: None,
            side: None,
        })
    }

    /// The program's process, which leads its group.
    pub(super) fn main(&self) -> i32 {
        self.main.as_raw()
    }

    /// How the program ended, if it did.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Starts a program beside, in the place of the one that runs there.
    pub(super) fn start_side(&mut self, command: &[String]) -> io::Result<()> {
        self.stop_side();
        let [program, arguments @ ..] = command else {
            return Ok(());
        };
        let mut process = Process::new(program);
        process
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.side = Some(spawn(process)?);
        Ok(())
    }

    pub(super) fn stop_side(&mut self) {
        if let Some(side) = self.side.take() {
            kill(side, Signal::SIGKILL).ok();
        }
    }

    /// TERM to the program's process group.
    pub(super) fn terminate(&mut self) {
        self.stop_side();
        if self.exit.is_none() {
            killpg(self.main, Signal::SIGTERM).ok();
        }
    }

    /// Takes the records of all children that ended. False when no child is left at all, and so,
    /// this being a subreaper, no descendant.
    pub(super) fn reap(&mut self) -> bool {
        loop {
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => self.note(pid, Exit::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    self.note(pid, Exit::Signal(signal as i32));
                }
                Ok(WaitStatus::StillAlive) => return true,
                Err(Errno::ECHILD) => return false,
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn note(&mut self, pid: Pid, exit: Exit) {
        if pid == self.main {
            self.exit = Some(exit);
        } else if Some(pid) == self.side {
            self.side = None;
        }
    }
}

/// KILL to every descendant there is now. One may fork while they are looked for; its child has the
/// supervisor as an ancestor too, and the next look finds it.
pub(super) fn kill_descendants() {
    for member in tree::descendants(std::process::id() as i32) {
        kill(Pid::from_raw(member.pid), Signal::SIGKILL).ok();
    }
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
