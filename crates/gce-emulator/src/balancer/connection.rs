//! What the requests of one client's connection share.

use std::net::SocketAddr;

use super::custom_headers::{Facts, TlsFacts};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    /// `None` for plain HTTP.
    pub(super) tls: Option<TlsFacts>,
    /// The end of `X-Forwarded-For` of each of its requests.
    pub(super) route: String,
}

impl Connection {
    pub(super) fn new(client: SocketAddr, server: SocketAddr, tls: Option<TlsFacts>) -> Self {
        Self {
            client,
            server,
            tls,
            route: format!("{},{}", client.ip(), server.ip()),
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            client: self.client,
            server: self.server,
            tls: self.tls.as_ref(),
        }
    }
}
