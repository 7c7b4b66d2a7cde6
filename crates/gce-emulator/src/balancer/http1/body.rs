//! A body on its way: how much of what arrives belongs to it.

use super::chunked::{ChunkError, Chunks, Read};
use super::framing::Framing;

/// What is still to come of a body.
#[derive(Debug)]
pub(super) struct Body {
    left: Left,
    /// How many of its bytes have come, without those of a coding.
    pub(super) payload: u64,
}

#[derive(Debug)]
enum Left {
    Bytes(u64),
    Chunks(Chunks),
    UntilClose,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let left = match framing {
            Framing::Nothing => Left::Bytes(0),
            Framing::Length(length) => Left::Bytes(length),
            Framing::Chunked => Left::Chunks(Chunks::new()),
            Framing::UntilClose => Left::UntilClose,
        };
        Self { left, payload: 0 }
    }

    /// How many of `bytes` belong to the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, ChunkError> {
        let read = match &mut self.left {
            Left::Bytes(left) => {
                let taken = (*left).min(bytes.len() as u64);
                *left -= taken;
                plain(taken)
            }
            Left::Chunks(chunks) => chunks.read(bytes)?,
            Left::UntilClose => plain(bytes.len() as u64),
        };
        self.payload += read.payload;
        Ok(read.coded)
    }

    pub(super) fn is_complete(&self) -> bool {
        match &self.left {
            Left::Bytes(left) => *left == 0,
            Left::Chunks(chunks) => chunks.is_over(),
            Left::UntilClose => false,
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) fn ends_by_closing(&self) -> bool {
        matches!(self.left, Left::UntilClose)
    }
}

fn plain(length: u64) -> Read {
    Read {
        coded: length as usize,
        payload: length,
    }
}
