//! A frontend's port: our own accept loop in front of Pingora's proxy.
//!
//! Pingora's `Server` is not used. It cannot say which port it was given, panics on a taken one,
//! and can neither add nor remove a listener while it runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::Duration;

use pingora_core::apps::HttpServerApp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::{GetSocketDigest, IO, SocketDigest};
use pingora_core::server::ShutdownWatch;
use pingora_core::server::configuration::ServerConf;
use pingora_proxy::{HttpProxy, http_proxy};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client_stream::ClientStream;
use super::connection::Connection;
use super::forwarder::Forwarder;
use super::route::{Route, RouteCell};
use super::secure;

/// Connections that the kernel keeps for us while we are busy accepting.
const BACKLOG: u32 = 1024;

/// The pause after a failure to accept: out of file descriptors, mostly, which takes a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The handshake's side of a frontend; `None` for plain HTTP.
pub(super) type Tls = Option<Arc<ServerConfig>>;

/// What is replaced when the table changes. A connection keeps the handshake that it began with.
#[derive(Debug)]
struct Front {
    route: Arc<RouteCell>,
    tls: RwLock<Tls>,
}

/// A port that is being listened on.
#[derive(Debug)]
pub(super) struct Listener {
    /// The port that was asked for, 0 for any.
    pub(super) requested: u16,
    pub(super) addr: SocketAddr,
    front: Arc<Front>,
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
        tls: Tls,
    ) -> io::Result<Self> {
        let socket = bind(runtime, port)?;
        let addr = socket.local_addr()?;
        let route = Arc::new(RouteCell::new(route));
        let front = Arc::new(Front {
            route: Arc::clone(&route),
            tls: RwLock::new(tls),
        });
        let stop = CancellationToken::new();
        let (port_held, freed) = mpsc::channel();
        let conf = Arc::new(ServerConf::default());
        let accepting = Accepting {
            socket,
            proxy: Arc::new(http_proxy(&conf, Forwarder(route))),
            front: Arc::clone(&front),
            connections: connections.clone(),
            stop: stop.clone(),
            port_held,
        };
        runtime.spawn(accepting.run());
        Ok(Self {
            requested: port,
            addr,
            front,
            stop,
            freed,
        })
    }

    pub(super) fn update(&self, route: Arc<Route>, tls: Tls) {
        *self
            .front
            .tls
            .write()
            .unwrap_or_else(PoisonError::into_inner) = tls;
        self.front.route.set(route);
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
    front: Arc<Front>,
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
                    self.connections.spawn(welcome(
                        client,
                        Arc::clone(&self.front),
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

/// Takes a client in, through a handshake if the frontend is a secure one.
async fn welcome(
    client: TcpStream,
    front: Arc<Front>,
    proxy: Arc<HttpProxy<Forwarder>>,
    shutdown: ShutdownWatch,
) {
    let mut stream = Stream::from(client);
    if let Err(error) = stream.set_nodelay() {
        tracing::debug!(%error, "the client left at once");
        return;
    }
    stream.set_socket_digest(SocketDigest::from_raw_fd(stream.as_raw_fd()));
    let tls = front
        .tls
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let Some(tls) = tls else {
        return serve(
            Box::new(ClientStream::new(stream)),
            Connection::plain(),
            &front,
            &proxy,
            &shutdown,
        )
        .await;
    };
    match secure::accept(stream, tls).await {
        Ok(stream) => {
            let connection = Connection::secure(secure::facts(&stream));
            serve(
                Box::new(ClientStream::new(stream)),
                connection,
                &front,
                &proxy,
                &shutdown,
            )
            .await;
        }
        Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
    }
}

/// Serves one client's connection, request after request, until a deadline has passed.
async fn serve(
    stream: Box<dyn IO>,
    connection: Connection,
    front: &Front,
    proxy: &Arc<HttpProxy<Forwarder>>,
    shutdown: &ShutdownWatch,
) {
    let connection = Arc::new(connection);
    let cut = connection.deadline.passed();
    tokio::pin!(cut);
    let mut session = ServerSession::new_http1(stream);
    loop {
        session.set_keepalive(Some(front.route.get().keep_alive.as_secs()));
        session.set_connection_user_context(Some(Box::new(Arc::clone(&connection))));
        let reused = tokio::select! {
            biased;
            reused = proxy.process_new_http(session, shutdown) => reused,
            () = &mut cut => None,
        };
        let Some(reused) = reused else {
            return;
        };
        let (stream, settings) = reused.consume();
        session = ServerSession::new_http1(stream);
        if let Some(settings) = settings {
            settings.apply_to_session(&mut session);
        }
    }
}
