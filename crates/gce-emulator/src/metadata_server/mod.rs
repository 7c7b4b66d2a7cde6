//! The metadata server: how an instance learns who it is, and how a metadata value that changes
//! reaches it within a moment.
//!
//! Each instance has a listener of its own, since here all of them share one address; the API port
//! serves what belongs to the project.

mod answer;
mod tree;

use std::{io, net::SocketAddr};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use tokio::net::TcpListener;

use self::tree::Subject;
use crate::{
    api::{Guard, Server, check},
    clock::Clock,
    resource::Key,
    store::Store,
};

/// The metadata server of one instance. It closes when it is dropped.
#[derive(Debug)]
pub struct MetadataListener {
    /// What the instance gets as `GCE_METADATA_HOST`.
    pub addr: SocketAddr,
    _server: Server,
}

/// Opens the metadata server of an instance on a free loopback port. Call it inside a runtime.
pub fn open(store: Store, clock: Clock, instance: Key) -> io::Result<MetadataListener> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let subject = Subject::instance(store, instance);
    let server = Server::start(listener, |port| {
        let guard = Guard::metadata(port, clock);
        router(subject).layer(axum::middleware::from_fn_with_state(guard, check))
    })?;
    Ok(MetadataListener {
        addr: server.addr(),
        _server: server,
    })
}

/// The paths that do not need an instance.
pub(crate) fn project_router(store: Store) -> Router {
    router(Subject::project(store))
}

fn router(subject: Subject) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/computeMetadata", get(serve))
        .route("/computeMetadata/", get(serve))
        .route("/computeMetadata/{*path}", get(serve))
        .with_state(subject)
}

async fn serve(State(subject): State<Subject>, uri: Uri, headers: HeaderMap) -> Response {
    answer::answer(&subject, &uri, &headers).await
}

/// Clients look here to find out whether they run at Google.
async fn root() -> Response {
    answer::text("computeMetadata/\n".to_owned())
}
