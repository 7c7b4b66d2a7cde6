//! A frontend's port and those who come to it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::http1::Conversation;
use super::route::{Route, RouteCell};
use super::secure;

/// Connections that the kernel keeps for us while we are busy accepting.
const BACKLOG: u32 = 1024;

/// The pause after a failure to accept: out of file descriptors, mostly, which takes a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often idle connections to backends are looked after.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The handshake's side of a frontend; `None` for plain HTTP.
pub(super) type Tls = Option<Arc<ServerConfig>>;

/// What is replaced when the table changes. A connection keeps the handshake that it began with.
#[derive(Debug)]
struct Front {
    route: Arc<RouteCell>,
    tls: RwLock<Tls>,
}

impl Front {
    fn tls(&self) -> Tls {
        let tls = self.tls.read().unwrap_or_else(PoisonError::into_inner);
        tls.clone()
    }
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
        let front = Arc::new(Front {
            route: Arc::new(RouteCell::new(route)),
            tls: RwLock::new(tls),
        });
        let stop = CancellationToken::new();
        let (port_held, freed) = mpsc::channel();
        let accepting = Accepting {
            socket,
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
    front: Arc<Front>,
    connections: TaskTracker,
    stop: CancellationToken,
    port_held: mpsc::Sender<()>,
}

impl Accepting {
    async fn run(self) {
        let mut sweeps = tokio::time::interval(SWEEP_INTERVAL);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                accepted = self.socket.accept() => self.take_in(accepted).await,
                _ = sweeps.tick() => self.front.route.get().sweep(),
            }
        }
        drop(self.socket);
        drop(self.port_held);
    }

    async fn take_in(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, client)) => {
                let front = Arc::clone(&self.front);
                let leaving = self.stop.clone();
                self.connections.spawn(async move {
                    if let Err(error) = welcome(stream, client, front, leaving).await {
                        tracing::debug!(%error, "a client did not get as far as a request");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Takes a client in, through a handshake if the frontend is a secure one, and serves it.
async fn welcome(
    stream: TcpStream,
    client: SocketAddr,
    front: Arc<Front>,
    leaving: CancellationToken,
) -> io::Result<()> {
    // Small answers must not wait for an acknowledgement of the ones before.
    stream.set_nodelay(true)?;
    let server = stream.local_addr()?;
    let route = Arc::clone(&front.route);
    let Some(tls) = front.tls() else {
        let (reader, writer) = stream.into_split();
        let connection = Connection::new(client, server, None);
        Conversation::new(reader, writer, connection, route, leaving)
            .serve()
            .await;
        return Ok(());
    };
    let stream = secure::accept(stream, tls).await?;
    let connection = Connection::new(client, server, Some(secure::facts(&stream)));
    let (reader, writer) = tokio::io::split(stream);
    Conversation::new(reader, writer, connection, route, leaving)
        .serve()
        .await;
    Ok(())
}
