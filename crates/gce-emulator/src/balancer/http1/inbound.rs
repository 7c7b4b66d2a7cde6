//! What arrives from a client.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A read asks for at least this much room.
const ROOM: usize = 4 * 1024;

/// A buffer grows by this much when it has no room left.
const GROWTH: usize = 16 * 1024;

/// A stream with what was read of it ahead of use.
#[derive(Debug)]
pub(super) struct Inbound<R> {
    pub(super) reader: R,
    pub(super) buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Inbound<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: BytesMut::with_capacity(GROWTH),
        }
    }

    /// Reads more; 0 at the end of the stream. May be dropped and called again.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        fill(&mut self.reader, &mut self.buffer).await
    }
}

/// Reads more into a buffer; 0 at the end of the stream. May be dropped and called again.
pub(super) async fn fill(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> io::Result<usize> {
    if buffer.capacity() - buffer.len() < ROOM {
        buffer.reserve(GROWTH);
    }
    reader.read_buf(buffer).await
}
