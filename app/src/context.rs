//! Typed access to what the request brought along. Server only.

use std::sync::Arc;

use control_plane::ControlPlane;
use http::request::Parts;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::{
    error::AppError,
    services::Services,
    session::{Role, Session},
};

/// The services that the router was made with.
pub fn services() -> Arc<Services> {
    expect_context::<Arc<Services>>()
}

/// The hands, or why there are none.
pub fn control() -> Result<ControlPlane, AppError> {
    let services = services();
    services
        .control
        .clone()
        .ok_or_else(|| AppError::Unavailable(services.no_cloud.clone()))
}

/// The session that the server's middleware found in the request's cookie.
pub fn session() -> Option<Session> {
    use_context::<Parts>()?.extensions.get::<Session>().cloned()
}

/// The session, if its role is at least `role`; sets the response's status otherwise.
///
/// Every function and page of the console asks for itself: rendering calls functions directly, past
/// any middleware.
pub fn require(role: Role) -> Result<Session, AppError> {
    let error = match session() {
        Some(session) if session.role >= role => return Ok(session),
        Some(_) => AppError::Forbidden,
        None => AppError::Unauthorized,
    };
    set_status(error.status());
    Err(error)
}

/// Sets the status of the page or answer that is being made.
pub fn set_status(status: u16) {
    if let (Some(options), Ok(status)) = (
        use_context::<ResponseOptions>(),
        http::StatusCode::from_u16(status),
    ) {
        options.set_status(status);
    }
}

/// Whether a person's browser posted a form, rather than a program calling the function.
pub fn wants_page() -> bool {
    header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// A header of the request.
pub fn header(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    parts
        .headers
        .get(name)?
        .to_str()
        .ok()
        .map(ToOwned::to_owned)
}

/// A cookie of the request.
pub fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    cookie_of(&parts.headers, name).map(ToOwned::to_owned)
}

/// A cookie among the headers of a request.
pub fn cookie_of<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(http::header::COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
}

/// Adds a `Set-Cookie` header to the answer.
pub fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (
        use_context::<ResponseOptions>(),
        http::HeaderValue::from_str(cookie),
    ) {
        options.append_header(http::header::SET_COOKIE, value);
    }
}

/// Sends the browser to a page of ours.
///
/// Only for paths that this program wrote or that passed [`own_path`]: the header is built without
/// checks further down.
pub fn redirect(path: &str) {
    leptos_axum::redirect(path);
}

/// `path` if it is a plain path of this site, so that a form cannot send people elsewhere.
pub fn own_path(path: &str) -> Option<&str> {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(path)
}

/// `text` for a URL's query or a cookie.
pub fn encode(text: &str) -> String {
    serde_urlencoded::to_string([("", text)])
        .map(|pair| pair.trim_start_matches('=').to_owned())
        .unwrap_or_default()
}

/// The opposite of [`encode`].
pub fn decode(text: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&format!("t={text}")).ok()?;
    pairs.into_iter().next().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_of_this_site_pass() {
        assert_eq!(
            own_path("/admin?window=1h#policy"),
            Some("/admin?window=1h#policy")
        );
        for foreign in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil",
            "/a\r\nb",
            "",
            "/ä",
        ] {
            assert_eq!(own_path(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = http::HeaderMap::new();
        let line = http::HeaderValue::from_static("changed-not=1; changed=2; a=b=c");
        headers.insert(http::header::COOKIE, line);
        assert_eq!(cookie_of(&headers, "changed"), Some("2"));
        assert_eq!(cookie_of(&headers, "a"), Some("b=c"));
        assert_eq!(cookie_of(&headers, "change"), None);
    }

    #[test]
    fn any_text_survives_a_cookie() {
        let text = "Minimum 2 → 3; “note” = 50 %";
        assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        assert!(
            encode(text)
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b';')
        );
    }
}
