//! The console by itself, on a loopback address of this machine: beside a workload that is foreign,
//! whose pages must not share its origin, or before a cloud that is elsewhere.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::{
    cloud::Connection,
    failure::Failure,
    pages::{self, Setup},
    secrets::Vault,
    web::{self, Bound, Shutdown, console_host::ConsoleHost, visitor::Proxy},
};

/// The name that it answers to. Browsers take it to loopback without asking any name server, and it is
/// an origin of its own.
const HOST: &str = "console.localhost";

/// A console that is being served.
pub(crate) struct OwnConsole {
    url: String,
    shutdown: Shutdown,
    serving: tokio::task::JoinHandle<()>,
}

impl OwnConsole {
    /// Served by this very process, so that nothing can be left behind.
    pub(crate) fn serve(bound: Bound, connection: Connection, secrets_file: PathBuf) -> Self {
        let url = format!("http://{HOST}:{}/admin", bound.address().port());
        let setup = Setup {
            // Drills are obeyed by our own instances and by the local cloud's.
            drills: connection.faults.is_some(),
            connection: Connection {
                metadata: None,
                ..connection
            },
            vault: Vault::open(Some(secrets_file)),
            proxy: Proxy::None,
            console_host: ConsoleHost::from_setting(Some(HOST.to_owned())),
            public_status: false,
            metrics_token: None,
        };
        let shutdown = Shutdown::new();
        let ending = shutdown.clone();
        let serving = tokio::spawn(async move { pages::serve(bound, setup, &ending).await });
        Self {
            url,
            shutdown,
            serving,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets running requests end.
    pub(crate) async fn end(self) {
        self.shutdown.begin();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the console broke");
        }
    }
}

/// A port of loopback; 0 means any free one.
pub(crate) async fn bind(port: u16) -> Result<Bound, Failure> {
    web::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}
