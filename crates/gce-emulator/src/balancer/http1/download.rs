//! An answer on its way to a client.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::body::Body;
use super::inbound::fill;

/// An answer whose head has arrived.
#[derive(Debug)]
pub(super) struct Download<'a> {
    /// What is ready to be sent: at first the head, so that it leaves together with what has
    /// arrived of the body.
    pub(super) out: &'a mut Vec<u8>,
    pub(super) body: &'a mut Body,
}

impl Download<'_> {
    /// Passes everything on. An error means that the answer is incomplete for good.
    pub(super) async fn run(
        &mut self,
        backend: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
        client: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        loop {
            self.take(buffer)?;
            client.write_all(self.out).await?;
            client.flush().await?;
            self.out.clear();
            if self.body.is_complete() {
                return Ok(());
            }
            if fill(backend, buffer).await? == 0 {
                return if self.body.ends_by_closing() {
                    Ok(())
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    fn take(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        let length = self.body.take(buffer).map_err(io::Error::other)?;
        self.out.extend_from_slice(&buffer[..length]);
        buffer.advance(length);
        Ok(())
    }
}
