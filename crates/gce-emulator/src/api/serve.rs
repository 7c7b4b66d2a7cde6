//! A listener, the router behind it, and its end.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long calls in flight may take at the end. A long poll does not hold up a shutdown.
const GRACE: Duration = Duration::from_secs(1);

/// A running server. Dropping it cuts its connections.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Serves what `router` makes for the listener's port.
    pub(crate) fn start(
        listener: TcpListener,
        router: impl FnOnce(u16) -> Router,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        // Without TCP_NODELAY a small answer waits for the acknowledgement of the one before.
        let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
        let serving = axum::serve(listener, router(addr.port()))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(serving.into_future());
        Ok(Self {
            addr,
            stop,
            task: Some(task),
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts no more, lets calls in flight end for a moment, then cuts them.
    pub(crate) async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(GRACE, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
