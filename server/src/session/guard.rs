//! The first of two nets around the console: nothing under `/admin` or `/api/admin` is reached
//! without a session. The second is each server function's own check of the role.

use std::sync::Arc;

use app::session::Session;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header::SET_COOKIE},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{cookie::SessionCookies, login::Doorkeeper};
use crate::{clock, web::visitor::Visitor};

/// Which rule a path is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Everybody.
    Public,
    /// The console's door: the log-in page, log-in and log-out.
    Door,
    /// A page of the console.
    Page,
    /// A function or stream of the console.
    Api,
}

impl Area {
    /// Reads the path as loosely as any router behind could: escapes decoded, empty segments and dots
    /// resolved, case ignored. What is guarded needlessly is a 404 anyway.
    pub(crate) fn of(path: &str) -> Self {
        if matches!(path, "/admin/login" | "/admin/logout") {
            return Self::Door;
        }
        let decoded = percent_decode(path).to_ascii_lowercase().replace('\\', "/");
        let mut segments: Vec<&str> = Vec::new();
        for segment in decoded.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()),
                segment => segments.push(segment),
            }
        }
        match segments.as_slice() {
            ["admin", ..] => Self::Page,
            ["api", "admin", ..] => Self::Api,
            _ => Self::Public,
        }
    }
}

fn percent_decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Denies by default. A valid session goes along as a request extension.
pub(crate) async fn guard(
    State(door): State<Arc<Doorkeeper>>,
    mut request: Request,
    next: Next,
) -> Response {
    let area = Area::of(request.uri().path());
    if area == Area::Public {
        return next.run(request).await;
    }
    let visitor = Visitor::of(&request, &door.proxy);
    if !door.console_host.admits(&visitor) {
        return (StatusCode::FORBIDDEN, door.console_host.refusal()).into_response();
    }
    let secrets = match door.vault.current() {
        Ok(secrets) => secrets,
        Err(reason) => return (StatusCode::SERVICE_UNAVAILABLE, reason).into_response(),
    };
    let cookies = SessionCookies::new(&secrets, visitor.https, clock::unix_seconds());
    let found = cookies.find(request.headers());
    let Some(session) = found.as_ref().map(|found| found.session.clone()) else {
        return without_session(area, request, next).await;
    };
    let refreshed = found.filter(|found| found.stale && is_activity(area, request.uri()));
    let refreshed = refreshed.map(|found| cookies.refresh(&found));
    request.extensions_mut().insert::<Session>(session);
    let response = next.run(request).await;
    with_cookie(response, refreshed)
}

async fn without_session(area: Area, request: Request, next: Next) -> Response {
    match area {
        Area::Door | Area::Public => next.run(request).await,
        Area::Page if matches!(*request.method(), Method::GET | Method::HEAD) => {
            Redirect::to(&login_url(request.uri())).into_response()
        }
        Area::Page | Area::Api => (StatusCode::UNAUTHORIZED, "Log in first.").into_response(),
    }
}

/// An open page connects its stream again every half minute, which is no sign of a person.
fn is_activity(area: Area, uri: &Uri) -> bool {
    area != Area::Door && uri.path() != "/api/admin/live"
}

fn with_cookie(mut response: Response, cookie: Option<HeaderMap>) -> Response {
    if let Some(value) = cookie.as_ref().and_then(|headers| headers.get(SET_COOKIE)) {
        response.headers_mut().append(SET_COOKIE, value.clone());
    }
    response
}

fn login_url(uri: &Uri) -> String {
    let wanted = uri
        .path_and_query()
        .map_or("/admin", |wanted| wanted.as_str());
    let query = serde_urlencoded::to_string([("next", wanted)]).unwrap_or_default();
    format!("/admin/login?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_console_path_is_public() {
        for path in [
            "/admin",
            "/admin/",
            "/admin/x",
            "//admin",
            "/%61dmin",
            "/ADMIN/x",
            "/./admin",
            "/x/../admin",
            "/admin%2Fx",
            "\\admin",
            "/%5Cadmin",
            "/admin/login/x",
            "/admin//login",
        ] {
            assert_eq!(Area::of(path), Area::Page, "{path}");
        }
        for path in [
            "/api/admin/x",
            "/api//admin/x",
            "/api/%61dmin/x",
            "/api/public/../admin/x",
            "/api%2fadmin",
        ] {
            assert_eq!(Area::of(path), Area::Api, "{path}");
        }
    }

    #[test]
    fn other_paths_are_public_and_the_door_is_open() {
        for path in [
            "/",
            "/administrator",
            "/api/public/theme",
            "/pkg/admin",
            "",
            "*",
            "/health",
            "/%",
        ] {
            assert_eq!(Area::of(path), Area::Public, "{path}");
        }
        assert_eq!(Area::of("/admin/login"), Area::Door);
        assert_eq!(Area::of("/admin/logout"), Area::Door);
    }

    #[test]
    fn the_log_in_page_learns_where_somebody_wanted_to_go() {
        let uri = Uri::from_static("/admin/groups/a?window=1h&x=%26");
        assert_eq!(
            login_url(&uri),
            "/admin/login?next=%2Fadmin%2Fgroups%2Fa%3Fwindow%3D1h%26x%3D%2526"
        );
    }
}
