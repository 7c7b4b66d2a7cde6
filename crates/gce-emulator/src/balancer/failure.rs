//! What a failed request means: whether it may be tried elsewhere, and what the client is told.

use bytes::Bytes;
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, VIA};
use pingora_core::protocols::http::ServerSession;
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_http::ResponseHeader;

/// Whether a request that reached a backend, and got no answer, may be sent to another one.
///
/// Three things must hold. Doing it twice does no harm; the client has seen no byte of an answer;
/// and its body, if it had one, is still here in full. A time-out is final: the backend is at work
/// on the request, and a second one would double the load just when there is too much of it.
pub(super) fn may_repeat(client: &ServerSession, error: &Error) -> bool {
    client.req_header().method.is_idempotent()
        && client.response_written().is_none()
        && !client.retry_buffer_truncated()
        && *error.esource() == ErrorSource::Upstream
        && is_disconnect(error.etype())
}

/// Everything but a time-out: whichever way a dying backend shows, it gave no answer.
fn is_disconnect(kind: &ErrorType) -> bool {
    matches!(
        kind,
        ErrorType::ConnectionClosed
            | ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::InvalidHTTPHeader
            | ErrorType::H1Error
    )
}

/// The status for a request that failed, or `None` when there is nobody left to tell.
pub(super) fn status(error: &Error) -> Option<u16> {
    use ErrorType::{
        ConnectionClosed, HTTPStatus, ReadError, ReadTimedout, WriteError, WriteTimedout,
    };
    match (error.esource(), error.etype()) {
        (_, HTTPStatus(status)) => Some(*status),
        (ErrorSource::Upstream, ReadTimedout | WriteTimedout) => Some(504),
        (ErrorSource::Upstream, _) => Some(502),
        (ErrorSource::Downstream, ReadTimedout) => Some(408),
        (ErrorSource::Downstream, ReadError | WriteError | WriteTimedout | ConnectionClosed) => {
            None
        }
        (ErrorSource::Downstream, _) => Some(400),
        (ErrorSource::Internal | ErrorSource::Unset, _) => Some(500),
    }
}

/// Answers in place of a backend, unless an answer has begun already.
pub(super) async fn answer(client: &mut ServerSession, status: u16) -> Result<()> {
    let page = page(status);
    let body = Bytes::from_static(page.body.as_bytes());
    let mut head = ResponseHeader::build(status, Some(4))?;
    head.insert_header(CONTENT_TYPE, page.kind)?;
    head.insert_header(CONTENT_LENGTH, body.len())?;
    head.insert_header(CACHE_CONTROL, "no-store")?;
    head.insert_header(VIA, "1.1 google")?;
    let body = if client.req_header().method == Method::HEAD {
        Bytes::new()
    } else {
        body
    };
    client.write_error_response(head, body).await
}

/// Sends the client elsewhere, with the headers of Google's own redirects.
pub(super) async fn redirect(client: &mut ServerSession, status: u16, to: &str) -> Result<()> {
    let mut head = ResponseHeader::build(status, Some(4))?;
    head.insert_header(CACHE_CONTROL, "private")?;
    head.insert_header(LOCATION, to)?;
    head.insert_header(CONTENT_LENGTH, 0)?;
    head.insert_header(CONTENT_TYPE, "text/html; charset=UTF-8")?;
    client.write_response_header(Box::new(head)).await
}

struct Page {
    kind: &'static str,
    body: &'static str,
}

/// The page that Google's front end shows when a backend gave no answer.
const SERVER_ERROR: &str = "\n<html><head>\n\
    <meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n\
    <title>502 Server Error</title>\n\
    </head>\n\
    <body text=#000000 bgcolor=#ffffff>\n\
    <h1>Error: Server Error</h1>\n\
    <h2>The server encountered a temporary error and could not complete your request.\
    <p>Please try again in 30 seconds.</h2>\n\
    <h2></h2>\n\
    </body></html>\n";

/// The page for a status: Google's where Google has one.
fn page(status: u16) -> Page {
    let text = |body| Page {
        kind: "text/plain",
        body,
    };
    match status {
        400 => text("bad request"),
        404 => text("not found"),
        408 => text("the request took too long to arrive"),
        502 => Page {
            kind: "text/html; charset=UTF-8",
            body: SERVER_ERROR,
        },
        503 => text("no healthy upstream"),
        504 => text("upstream request timeout"),
        _ => text("the load balancer failed"),
    }
}
