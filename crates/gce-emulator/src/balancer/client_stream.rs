//! A client's connection as Pingora wants its streams: buffered, with or without TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter, ReadBuf};
use tokio_rustls::server::TlsStream;

/// Answers up to this many bytes leave in one piece.
///
/// Pingora writes head and body one after the other and expects a buffer below, which only its own
/// listeners set up. Without one every answer is sent, and wakes its client, twice.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct ClientStream<S> {
    buffered: BufWriter<S>,
    flushing: Flushing,
}

/// Where the sending of an answer stands.
///
/// An answer is sent when all other requests that are ready have been worked on, so that answers
/// leave one right after the other. Sending one wakes its client, and to wake a sleeping core costs
/// more than all our own work on the request; the ones that follow find it awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flushing {
    Asked,
    Due,
}

/// What carries a client's bytes.
pub(super) trait Carrier:
    AsyncRead + AsyncWrite + Unpin + Send + Sync + std::fmt::Debug
{
    /// The connection at the bottom.
    fn socket(&self) -> &Stream;
}

impl Carrier for Stream {
    fn socket(&self) -> &Stream {
        self
    }
}

impl Carrier for TlsStream<Stream> {
    fn socket(&self) -> &Stream {
        self.get_ref().0
    }
}

impl<S: Carrier> ClientStream<S> {
    pub(super) fn new(carrier: S) -> Self {
        Self {
            buffered: BufWriter::with_capacity(BUFFER, carrier),
            flushing: Flushing::Asked,
        }
    }

    fn socket(&self) -> &Stream {
        self.buffered.get_ref().socket()
    }
}

impl<S: Carrier> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.buffered.get_mut()).poll_read(context, buffer)
    }
}

impl<S: Carrier> AsyncWrite for ClientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.buffered).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flushing == Flushing::Asked && !self.buffered.buffer().is_empty() {
            self.flushing = Flushing::Due;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let flushed = Pin::new(&mut self.buffered).poll_flush(context);
        if flushed.is_ready() {
            self.flushing = Flushing::Asked;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.buffered).poll_shutdown(context)
    }
}

#[async_trait]
impl<S: Carrier> Shutdown for ClientStream<S> {
    async fn shutdown(&mut self) {
        if let Err(error) = AsyncWriteExt::shutdown(&mut self.buffered).await {
            tracing::debug!(%error, "the client left without a farewell");
        }
    }
}

impl<S: Carrier> UniqueID for ClientStream<S> {
    fn id(&self) -> UniqueIDType {
        self.socket().id()
    }
}

impl<S: Carrier> Ssl for ClientStream<S> {}

impl<S: Carrier> Peek for ClientStream<S> {}

impl<S: Carrier> GetTimingDigest for ClientStream<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.socket().get_timing_digest()
    }
}

impl<S: Carrier> GetProxyDigest for ClientStream<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.socket().get_proxy_digest()
    }
}

impl<S: Carrier> GetSocketDigest for ClientStream<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.socket().get_socket_digest()
    }
}
