//! A connection that has changed its protocol: bytes in both directions.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::inbound::fill;

/// One direction.
#[derive(Debug)]
pub(super) struct Pump<'a, R, W> {
    pub(super) from: &'a mut R,
    pub(super) buffer: &'a mut BytesMut,
    pub(super) to: &'a mut W,
    pub(super) passed: u64,
    pub(super) is_over: bool,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<'a, R, W> {
    /// A pump with what was read ahead of its use.
    pub(super) fn new(from: &'a mut R, buffer: &'a mut BytesMut, to: &'a mut W) -> Self {
        Self {
            from,
            buffer,
            to,
            passed: 0,
            is_over: false,
        }
    }

    /// One read or write. It may be dropped and called again.
    async fn step(&mut self) -> std::io::Result<()> {
        if !self.buffer.is_empty() {
            self.passed += self.to.write_buf(self.buffer).await? as u64;
            return Ok(());
        }
        self.to.flush().await?;
        if fill(self.from, self.buffer).await? == 0 {
            self.is_over = true;
            self.to.shutdown().await?;
        }
        Ok(())
    }
}

/// Runs both directions until both are over, one has failed, or neither has moved for `silence`.
pub(super) async fn run<A, B, C, D>(
    up: &mut Pump<'_, A, B>,
    down: &mut Pump<'_, C, D>,
    alarm: &mut Alarm,
    silence: Duration,
) where
    A: AsyncRead + Unpin,
    B: AsyncWrite + Unpin,
    C: AsyncRead + Unpin,
    D: AsyncWrite + Unpin,
{
    while !(up.is_over && down.is_over) {
        alarm.set(Instant::now() + silence);
        let moved = tokio::select! {
            moved = up.step(), if !up.is_over => moved,
            moved = down.step(), if !down.is_over => moved,
            () = alarm.rings() => return,
        };
        if let Err(error) = moved {
            tracing::debug!(%error, "an upgraded connection broke");
            return;
        }
    }
}
