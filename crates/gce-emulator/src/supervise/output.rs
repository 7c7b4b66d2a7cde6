//! What a program writes, on its way to the log.

use std::{
    io::{self, PipeReader, Read},
    os::fd::{AsFd, BorrowedFd},
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::log_file::LogFile;

/// How much is read at once, and how often before other work gets its turn: a program that writes
/// without end must not keep the supervisor from its commands.
const CHUNK: usize = 1 << 13;
const CHUNKS: usize = 128;

#[derive(Debug)]
pub(super) struct Output {
    /// `None` once nobody can write any more: the end of a pipe is "ready" for ever, and to wait
    /// for it would be to spin.
    pipe: Option<PipeReader>,
    log: LogFile,
}

impl Output {
    pub(super) fn new(pipe: PipeReader, log: LogFile) -> io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            pipe: Some(pipe),
            log,
        })
    }

    /// What to wait for.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Moves what is there to the log. A full disk costs lines of the log, not the instance.
    pub(super) fn drain(&mut self) {
        let mut buffer = [0; CHUNK];
        for _ in 0..CHUNKS {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => _ = self.log.append(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Adds a line of the supervisor's own.
    pub(super) fn note(&mut self, line: &str) {
        self.log.append(format!("{line}\n").as_bytes()).ok();
    }
}
