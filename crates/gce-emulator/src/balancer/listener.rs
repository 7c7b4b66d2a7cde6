//! A frontend's port: our own accept loop in front of Pingora's proxy.
//!
//! Pingora's `Server` is not used. It cannot say which port it was given, panics on a taken one,
//! and can neither add nor remove a listener while it runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use pingora_core::apps::HttpServerApp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::{GetSocketDigest, SocketDigest};
use pingora_core::server::ShutdownWatch;
use pingora_core::server::configuration::ServerConf;
use pingora_proxy::{HttpProxy, http_proxy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::forwarder::Forwarder;
use super::route::{Route, RouteCell};

/// Connections that the kernel keeps for us while we are busy accepting.
const BACKLOG: u32 = 1024;

/// How long an idle connection to a client is kept, as at Google.
const CLIENT_KEEP_ALIVE_S: u64 = 610;

/// The pause after a failure to accept: out of file descriptors, mostly, which takes a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A port that is being listened on.
#[derive(Debug)]
pub(super) struct Listener {
    /// The port that was asked for, 0 for any.
    pub(super) requested: u16,
    pub(super) addr: SocketAddr,
    route: Arc<RouteCell>,
    stop: CancellationToken,
    /// Yields an error as soon as the port is free.
    freed: mpsc::Receiver<()>,
}

impl Listener {
    /// Listens on a loopback port and serves what arrives by `route`. Connections are tracked in
    /// `connections`, so that a shutdown can wait for them.
    pub(super) fn open(
        runtime: &Handle,
        connections: &TaskTracker,
        port: u16,
        route: Arc<Route>,
    ) -> io::Result<Self> {
        let socket = bind(runtime, port)?;
        let addr = socket.local_addr()?;
        let route = Arc::new(RouteCell::new(route));
        let stop = CancellationToken::new();
        let (port_held, freed) = mpsc::channel();
        let conf = Arc::new(ServerConf::default());
        let accepting = Accepting {
            socket,
            proxy: Arc::new(http_proxy(&conf, Forwarder(Arc::clone(&route)))),
            connections: connections.clone(),
            stop: stop.clone(),
            port_held,
        };
        runtime.spawn(accepting.run());
        Ok(Self {
            requested: port,
            addr,
            route,
            stop,
            freed,
        })
    }

    pub(super) fn set_route(&self, route: Arc<Route>) {
        self.route.set(route);
    }

    /// Stops accepting and frees the port. Requests under way finish; idle connections close.
    pub(super) fn close(self) {
        self.stop.cancel();
        // The sender is dropped, never used: this returns once the accept loop has let go.
        let _ = self.freed.recv();
    }
}

fn bind(runtime: &Handle, port: u16) -> io::Result<TcpListener> {
    let _context = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    // A port whose last connections are in TIME_WAIT is free; one that is listened on is not.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

struct Accepting {
    socket: TcpListener,
    proxy: Arc<HttpProxy<Forwarder>>,
    connections: TaskTracker,
    stop: CancellationToken,
    port_held: mpsc::Sender<()>,
}

impl Accepting {
    async fn run(self) {
        let (leaving, shutdown) = watch::channel(false);
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((client, _)) => {
                    self.connections.spawn(serve(
                        client,
                        Arc::clone(&self.proxy),
                        shutdown.clone(),
                    ));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.socket);
        drop(self.port_held);
        leaving.send_replace(true);
        self.proxy.http_cleanup().await;
    }
}

/// Serves one client's connection, request after request.
async fn serve(client: TcpStream, proxy: Arc<HttpProxy<Forwarder>>, shutdown: ShutdownWatch) {
    let mut stream = Stream::from(client);
    if let Err(error) = stream.set_nodelay() {
        tracing::debug!(%error, "the client left at once");
        return;
    }
    stream.set_socket_digest(SocketDigest::from_raw_fd(stream.as_raw_fd()));
    let mut session = ServerSession::new_http1(Box::new(stream));
    session.set_keepalive(Some(CLIENT_KEEP_ALIVE_S));
    while let Some(reused) = proxy.process_new_http(session, &shutdown).await {
        let (stream, settings) = reused.consume();
        session = ServerSession::new_http1(stream);
        if let Some(settings) = settings {
            settings.apply_to_session(&mut session);
        }
    }
}
