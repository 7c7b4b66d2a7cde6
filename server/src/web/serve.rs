//! Listening, accepting, and coming to an end without losing a request.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;

use crate::failure::Failure;

/// Google's balancer keeps idle connections for 600 s and reuses them until then; whoever closes earlier
/// answers some requests with a reset. hyper counts this time from the end of one request to the head of
/// the next, so it also ends a client that sends its head drop by drop.
const NEXT_REQUEST_WITHIN: Duration = Duration::from_secs(630);
/// Connections at one time; the next ones wait in the system's queue.
const CONNECTIONS: usize = 8192;
/// After a failed accept, as when the system is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Health probes and balancers need a moment to see that this instance drains.
const DRAIN_LEAST: Duration = Duration::from_secs(1);
/// Requests in progress get this long to end.
const DRAIN_MOST: Duration = Duration::from_secs(18);
/// Then connections are closed as soon as they are idle; whatever still hangs is cut.
const CLOSE_WITHIN: Duration = Duration::from_secs(4);
/// How often the drain looks whether the last request has ended.
const DRAIN_LOOK: Duration = Duration::from_millis(50);

/// A listening socket that nobody is accepted from yet.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// The two ends of "the program stops": the one that says so, and all that listen.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Begins the end.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Turns `true` once the program stops.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

/// Takes the address, or says in one line why it cannot be had.
pub(crate) async fn bind(address: SocketAddr) -> Result<Bound, Failure> {
    let listening = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Bound { listener, address })
    };
    listening.await.map_err(|error: std::io::Error| {
        Failure::input_because(format!("cannot listen on {address}"), &error)
    })
}

impl Bound {
    /// Where it listens, with the real port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` begins, then drains: health says 503, requests in progress end, streams
    /// end themselves, and new connections are still answered for a moment since balancers learn late.
    pub(crate) async fn serve(self, router: Router, shutdown: &Shutdown) {
        let connections = Connections {
            router,
            draining: shutdown.watch(),
            in_flight: Arc::new(AtomicUsize::new(0)),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            graceful: GracefulShutdown::new(),
        };
        tokio::select! {
            never = connections.accept(&self.listener) => match never {},
            () = connections.drained() => {}
        }
        drop(self.listener);
        if timeout(CLOSE_WITHIN, connections.graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("connections were cut at the end of the drain");
        }
    }
}

struct Connections {
    router: Router,
    draining: watch::Receiver<bool>,
    in_flight: Arc<AtomicUsize>,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Connections {
    async fn accept(&self, listener: &TcpListener) -> Infallible {
        loop {
            // The semaphore is never closed, so without a permit there is nothing to accept for.
            let Ok(place) = self.places.clone().acquire_owned().await else {
                continue;
            };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = self.connection(stream, peer);
                    tokio::spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, peer: SocketAddr) -> impl Future<Output = ()> + use<> {
        // With Nagle's algorithm a small second write waits for the acknowledgement of the first: 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (router, draining, in_flight) = (
            self.router.clone(),
            self.draining.clone(),
            self.in_flight.clone(),
        );
        let service = service_fn(move |request| {
            answer(
                router.clone(),
                request,
                peer,
                draining.clone(),
                Running::begin(&in_flight),
            )
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(NEXT_REQUEST_WITHIN)
            .serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }

    async fn drained(&self) {
        let mut draining = self.draining.clone();
        if draining.wait_for(|draining| *draining).await.is_err() {
            // Nobody is left who could ask for the end.
            return std::future::pending().await;
        }
        let began = Instant::now();
        sleep(DRAIN_LEAST).await;
        while self.in_flight.load(Ordering::SeqCst) > 0 && began.elapsed() < DRAIN_MOST {
            sleep(DRAIN_LOOK).await;
        }
    }
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    draining: watch::Receiver<bool>,
    running: Running,
) -> Result<Response, Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if *draining.borrow() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    drop(running);
    Ok(response)
}

/// One request in progress.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn begin(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
