//! A request on its way to a backend.

use std::future::pending;

use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::body::Body;
use super::inbound::Inbound;

/// So much of a body is kept, so that the request can be repeated.
const KEPT: usize = 64 * 1024;

/// So much of what a client sends ahead is read while its last request is under way.
const AHEAD: usize = 64 * 1024;

/// A request: what of it is still here, and how much of that the backend has got.
#[derive(Debug)]
pub(super) struct Upload {
    /// The head, and of the body as much as is kept.
    message: Vec<u8>,
    head: usize,
    written: usize,
    pub(super) body: Body,
    /// Whether the message begins with the head: nothing of it has been thrown away.
    pub(super) is_whole: bool,
    /// The backend takes no more.
    is_refused: bool,
}

/// Why a request cannot go on, other than by its backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientFault {
    Left,
    BrokenBody,
}

impl Upload {
    /// A request with its head already written to `message`.
    pub(super) fn new(message: Vec<u8>, body: Body) -> Self {
        Self {
            head: message.len(),
            message,
            written: 0,
            body,
            is_whole: true,
            is_refused: false,
        }
    }

    /// Begins again, for another backend.
    pub(super) fn rewind(&mut self) {
        self.written = 0;
        self.is_refused = false;
    }

    /// The vector that held the message, for the next one.
    pub(super) fn into_message(self) -> Vec<u8> {
        self.message
    }

    /// Whether the backend has got everything.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_complete() && self.written == self.message.len()
    }

    /// Sends the request, as far as it goes, and then waits for the client to leave. It may be
    /// dropped and called again.
    ///
    /// A backend that stops reading has not failed yet: it may have answered early.
    pub(super) async fn run(
        &mut self,
        client: &mut Inbound<impl AsyncRead + Unpin>,
        backend: &mut (impl AsyncWrite + Unpin),
    ) -> ClientFault {
        loop {
            if self.take(client).is_err() {
                return ClientFault::BrokenBody;
            }
            if self.written < self.message.len() && !self.is_refused {
                match backend.write(&self.message[self.written..]).await {
                    Ok(length) if length > 0 => self.written += length,
                    _ => self.is_refused = true,
                }
                continue;
            }
            self.forget();
            if client.buffer.len() >= AHEAD || (self.is_refused && !self.body.is_complete()) {
                return pending().await;
            }
            if !matches!(client.fill().await, Ok(1..)) {
                return ClientFault::Left;
            }
        }
    }

    /// Takes what has arrived of the body into the message.
    fn take(&mut self, client: &mut Inbound<impl AsyncRead>) -> Result<(), ()> {
        if self.body.is_complete() || client.buffer.is_empty() || self.is_refused {
            return Ok(());
        }
        let length = self.body.take(&client.buffer).map_err(drop)?;
        self.message.extend_from_slice(&client.buffer[..length]);
        client.buffer.advance(length);
        Ok(())
    }

    /// Throws a message away that has become too long to keep.
    fn forget(&mut self) {
        let is_written = self.written == self.message.len();
        if is_written && (!self.is_whole || self.message.len() - self.head > KEPT) {
            self.message.clear();
            self.written = 0;
            self.is_whole = false;
        }
    }
}
