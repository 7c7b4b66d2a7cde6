//! One request over plain HTTP: for the metadata server, the local cloud and probes of our own programs. All are
//! on this machine or on its link, so there is no TLS, no pool and no redirect to follow.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// More than any answer that is asked for; a stranger on the port cannot fill the memory.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// No connection.
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    /// The request could not be written, or the answer was no HTTP.
    #[error("the conversation failed")]
    Talk(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Silence.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Silence(Duration),
}

/// Asks `authority` (`host:port`) for `path`, within `patience`.
pub(crate) async fn get(
    authority: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    patience: Duration,
) -> Result<Answer, HttpError> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::default()).map_err(talk)?;
    send(authority, request, patience).await
}

/// Sends `request`, whose URL is a path, to `authority`, within `patience`.
pub(crate) async fn send(
    authority: &str,
    request: Request<Full<Bytes>>,
    patience: Duration,
) -> Result<Answer, HttpError> {
    timeout(patience, talk_to(authority, request))
        .await
        .map_err(|_| HttpError::Silence(patience))?
}

async fn talk_to(authority: &str, mut request: Request<Full<Bytes>>) -> Result<Answer, HttpError> {
    let stream = TcpStream::connect(authority)
        .await
        .map_err(HttpError::Connect)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(talk)?;
    let driver = tokio::spawn(connection);
    let host = HeaderValue::from_str(authority).map_err(talk)?;
    request.headers_mut().insert(HOST, host);
    let answer = sender.send_request(request).await.map_err(talk)?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST_ANSWER)
        .collect()
        .await
        .map_err(HttpError::Talk)?
        .to_bytes();
    driver.abort();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

fn talk(error: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::Talk(Box::new(error))
}
