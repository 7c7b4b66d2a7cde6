//! Whoever changed something sees it on the next page, whichever instance draws that page.
//!
//! Each instance reads the cloud at a pace of its own, so the one that answers after a change may
//! show what it read before it, for up to a minute where Google keeps the record. A change therefore
//! leaves a mark in a cookie of the browser that made it, and an instance that meets a mark for the
//! first time reads anew.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, Method, header};

use crate::{
    context,
    services::Services,
    session::{Role, Session},
};

const COOKIE: &str = "changed";
/// Longer than any source is left unread.
const SECONDS: u32 = 120;

/// Marks the answer to a change, and has the answers after it catch up.
///
/// Only marks of people who may change something count: a mark costs readings of the cloud, whose
/// number is limited.
pub(crate) async fn keep(
    State(services): State<Arc<Services>>,
    request: Request,
    next: Next,
) -> Response {
    let session = request.extensions().get::<Session>();
    if session.is_none_or(|session| session.role < Role::Operator) {
        return next.run(request).await;
    }
    let path = request.uri().path();
    let is_change = request.method() == Method::POST && path.starts_with("/api/admin/");
    let mark = context::cookie_of(request.headers(), COOKIE);
    if let (Some(control), Some(mark)) = (&services.control, mark) {
        control.catch_up(mark);
    }
    let mut response = next.run(request).await;
    if is_change && let Ok(cookie) = HeaderValue::from_str(&new_mark()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn new_mark() -> String {
    let mark = rand::random::<u64>();
    format!("{COOKIE}={mark:016x}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict")
}
