//! One probe: one connection, one request, one status code.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Check;

/// Whether `addr` answers the check's request with 200 before its time-out.
///
/// The connection lives in this future alone: when the time is up it is dropped, whatever it was
/// waiting for, and nothing is left behind.
pub(super) async fn succeeds(check: &Check, addr: SocketAddr) -> bool {
    let status = tokio::time::timeout(check.timeout, status(check, addr)).await;
    matches!(status, Ok(Ok(StatusCode::OK)))
}

#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error("cannot connect")]
    Connect(#[from] std::io::Error),
    #[error("the request is not one that HTTP allows")]
    Request(#[from] http::Error),
    #[error("no answer")]
    Answer(#[from] hyper::Error),
}

async fn status(check: &Check, addr: SocketAddr) -> Result<StatusCode, ProbeError> {
    let request = request(check, addr)?;
    let stream = TcpStream::connect(addr).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = sender.send_request(request);
    tokio::pin!(answer, connection);
    tokio::select! {
        answer = &mut answer => Ok(answer?.status()),
        closed = &mut connection => {
            closed?;
            Ok(answer.await?.status())
        }
    }
}

fn request(check: &Check, addr: SocketAddr) -> Result<Request<Empty<Bytes>>, http::Error> {
    let host = check.host.clone().unwrap_or_else(|| addr.ip().to_string());
    Request::get(&check.path)
        .header(HOST, host)
        .header(USER_AGENT, "GoogleHC/1.0")
        .header(CONNECTION, "close")
        .body(Empty::new())
}
