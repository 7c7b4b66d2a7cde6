//! A listener, the router behind it, and its end.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long calls in flight may take at the end. A long poll does not hold up a shutdown.
const GRACE: Duration = Duration::from_secs(1);

/// A running server. Dropping it ends its calls at once.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    /// No new connections, and idle ones are closed.
    stop: CancellationToken,
    /// Calls in flight end too. Each of them holds the state, whose directory is to become free.
    cut: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves what `router` makes for the listener's port.
    pub(crate) fn start(
        listener: TcpListener,
        router: impl FnOnce(u16) -> Router,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let cuts = cut.clone();
        let router = router(addr.port()).layer(from_fn(move |request: Request, next: Next| {
            let cut = cuts.clone();
            async move {
                cut.run_until_cancelled(next.run(request))
                    .await
                    .unwrap_or_else(ended)
            }
        }));
        // Without TCP_NODELAY a small answer waits for the acknowledgement of the one before.
        let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(serving.into_future());
        Ok(Self {
            addr,
            stop,
            cut,
            task,
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts no more, lets calls in flight end for a moment, then cuts them.
    pub(crate) async fn shutdown(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.cut.cancel();
            _ = tokio::time::timeout(GRACE, &mut self.task).await;
        }
    }
}

fn ended() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.cut.cancel();
    }
}
