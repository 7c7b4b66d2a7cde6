//! What is refused before anything looks at it, and what is limited.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::Limited;

/// The largest form of the console is a few kilobytes.
const LARGEST_BODY: usize = 64 * 1024;
/// The longest path and query; a cursor of the history is the longest thing that we put there.
const LONGEST_TARGET: usize = 8 * 1024;
/// Until the head of the answer; a stream then runs on by its own rule. As long as Google's balancer waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Refuses what no page of ours needs. The page renderer would panic on a target without a path.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    let target = request.uri();
    if request.method() == Method::CONNECT
        || !target.path().starts_with('/')
        || target.path_and_query().is_none()
    {
        return (StatusCode::BAD_REQUEST, "The request names no path.").into_response();
    }
    if target
        .path_and_query()
        .is_some_and(|path| path.as_str().len() > LONGEST_TARGET)
    {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    if declared_length(&request).is_some_and(|length| length > LARGEST_BODY as u64) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let request = request.map(|body| Body::new(Limited::new(body, LARGEST_BODY)));
    // A body that trickles in counts too: whoever reads it waits inside.
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The answer took too long.").into_response(),
    }
}

fn declared_length(request: &Request) -> Option<u64> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
