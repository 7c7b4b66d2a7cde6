//! Connections to an instance, and those that wait for their next request.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::net::TcpStream;

/// How long a connection to a backend may take to come about, as at Google.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(4500);

/// How long an idle connection to a backend is kept, as at Google.
const KEEP_ALIVE: Duration = Duration::from_mins(10);

/// A connection to an instance, used by one request at a time.
#[derive(Debug)]
pub(in crate::balancer) struct Backend {
    pub(super) stream: TcpStream,
    pub(super) buffer: BytesMut,
    /// Whether it has served a request before.
    pub(super) is_reused: bool,
}

impl Backend {
    pub(super) async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::new(),
            is_reused: false,
        })
    }

    /// Whether the instance has neither closed the connection nor said anything unasked.
    fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let read = self.stream.try_read(&mut byte);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// The idle connections to an instance. The one that was used last is used next, so that those
/// which are not needed grow old.
#[derive(Debug, Default)]
pub(in crate::balancer) struct Idle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    resting: VecDeque<(Backend, Instant)>,
    is_closed: bool,
}

impl Idle {
    /// A connection that is ready for a request.
    pub(super) fn take(&self) -> Option<Backend> {
        let mut state = self.lock();
        while let Some((mut backend, since)) = state.resting.pop_back() {
            if since.elapsed() < KEEP_ALIVE && backend.is_quiet() {
                backend.is_reused = true;
                return Some(backend);
            }
        }
        None
    }

    /// Keeps a connection for its next request, unless there will not be one.
    pub(super) fn put(&self, backend: Backend) {
        let mut state = self.lock();
        if !state.is_closed {
            state.resting.push_back((backend, Instant::now()));
        }
    }

    /// Closes all connections: one of them turned out to be dead, or the instance leaves.
    pub(in crate::balancer) fn clear(&self) {
        self.lock().resting.clear();
    }

    /// Says whether connections are kept at all.
    pub(in crate::balancer) fn set_closed(&self, closed: bool) {
        let mut state = self.lock();
        state.is_closed = closed;
        if closed {
            state.resting.clear();
        }
    }

    /// Closes what has grown old or was closed by the instance.
    pub(in crate::balancer) fn sweep(&self) {
        let lives = |(backend, since): &(Backend, Instant)| {
            since.elapsed() < KEEP_ALIVE && backend.is_quiet()
        };
        self.lock().resting.retain(lives);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
