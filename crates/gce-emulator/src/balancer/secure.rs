//! A client's connection inside TLS, as Pingora wants its streams.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use rustls::{ProtocolVersion, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::custom_headers::TlsFacts;

/// How long a handshake may take, as at Google.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A stream of plain text whose other side is encrypted.
#[derive(Debug)]
pub(super) struct SecureStream(TlsStream<Stream>);

/// Makes the handshake.
pub(super) async fn accept(stream: Stream, config: Arc<ServerConfig>) -> io::Result<SecureStream> {
    let handshake = TlsAcceptor::from(config).accept(stream);
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await??;
    Ok(SecureStream(stream))
}

impl SecureStream {
    /// What the handshake has settled.
    pub(super) fn facts(&self) -> TlsFacts {
        let (_, connection) = self.0.get_ref();
        let suite = connection.negotiated_cipher_suite();
        TlsFacts {
            server_name: connection.server_name().unwrap_or_default().to_owned(),
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLSv1.2",
            },
            // Google writes the number of the suite as four hexadecimal digits.
            cipher_suite: suite.map_or_else(String::new, |suite| {
                format!("{:04x}", u16::from(suite.suite()))
            }),
        }
    }

    fn inner(&self) -> &Stream {
        self.0.get_ref().0
    }
}

impl AsyncRead for SecureStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for SecureStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[async_trait]
impl Shutdown for SecureStream {
    async fn shutdown(&mut self) {
        if let Err(error) = AsyncWriteExt::shutdown(&mut self.0).await {
            tracing::debug!(%error, "the client left without a farewell");
        }
    }
}

impl UniqueID for SecureStream {
    fn id(&self) -> UniqueIDType {
        self.inner().id()
    }
}

impl Ssl for SecureStream {}

impl Peek for SecureStream {}

impl GetTimingDigest for SecureStream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner().get_timing_digest()
    }
}

impl GetProxyDigest for SecureStream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner().get_proxy_digest()
    }
}

impl GetSocketDigest for SecureStream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner().get_socket_digest()
    }
}
