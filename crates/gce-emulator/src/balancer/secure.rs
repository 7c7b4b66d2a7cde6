//! The handshake of a secure frontend.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ProtocolVersion, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::custom_headers::TlsFacts;

/// How long a handshake may take, as at Google.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the handshake.
pub(super) async fn accept(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let handshake = TlsAcceptor::from(config).accept(stream);
    tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await?
}

/// What the handshake has settled.
pub(super) fn facts(stream: &TlsStream<TcpStream>) -> TlsFacts {
    let (_, connection) = stream.get_ref();
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
