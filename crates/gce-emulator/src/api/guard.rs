//! Who may call a server that can start programs: somebody on this machine, and no web page.
//!
//! A page in the owner's browser can send requests to loopback ports, also under a host name of its
//! own that resolves to 127.0.0.1 (DNS rebinding). So the `Host` must be a loopback name with our
//! port, and a request that a browser marks as another site's is refused whatever it asks.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    clock::{Clock, http_date},
    error::ApiError,
};

/// What a listener accepts.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    port: u16,
    /// The metadata server is also called by the name that it has at Google.
    metadata: bool,
    clock: Clock,
}

impl Guard {
    pub(crate) fn api(port: u16, clock: Clock) -> Self {
        Self {
            port,
            metadata: false,
            clock,
        }
    }

    pub(crate) fn metadata(port: u16, clock: Clock) -> Self {
        Self {
            port,
            metadata: true,
            clock,
        }
    }

    fn accepts(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let host = text(header::HOST).unwrap_or_default();
        if !self.is_own(host) {
            return Err(ApiError::forbidden(format!(
                "The Host '{host}' is not this local cloud, which answers only under loopback names."
            )));
        }
        // Every header counts that was sent twice: a proxy could read another one than we do.
        for origin in headers.get_all(header::ORIGIN) {
            let own = origin
                .to_str()
                .ok()
                .and_then(|origin| origin.strip_prefix("http://"));
            if !own.is_some_and(|host| self.is_own(host)) {
                return Err(ApiError::forbidden(
                    "Requests of another Origin are refused.",
                ));
            }
        }
        match text(header::HeaderName::from_static("sec-fetch-site")) {
            Some("cross-site" | "same-site") => {
                Err(ApiError::forbidden("Requests of another site are refused."))
            }
            _ => Ok(()),
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let name = host.strip_suffix(&format!(":{}", self.port));
        let named = name.is_some_and(|name| {
            matches!(
                name.to_ascii_lowercase().as_str(),
                "127.0.0.1" | "localhost" | "[::1]"
            )
        });
        let bare = host.strip_suffix(":80").unwrap_or(host);
        named || (self.metadata && bare.eq_ignore_ascii_case("metadata.google.internal"))
    }
}

/// Refuses foreign requests; puts the cloud's time on every answer.
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = match guard.accepts(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    if let Ok(date) = HeaderValue::from_str(&http_date(guard.clock.now())) {
        headers.insert(header::DATE, date);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use autoscaler::Timestamp;

    use super::*;

    fn accepts(guard: &Guard, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.accepts(&map).is_ok()
    }

    #[test]
    fn only_loopback_names_with_our_port_are_served() {
        let guard = Guard::api(8085, Clock::starting_at(Timestamp(0), 1));
        for host in [
            "127.0.0.1:8085",
            "localhost:8085",
            "[::1]:8085",
            "LOCALHOST:8085",
        ] {
            assert!(accepts(&guard, &[("host", host)]), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:8085",
            "localhost.evil:8085",
            "",
        ] {
            assert!(!accepts(&guard, &[("host", host)]), "{host}");
        }
        assert!(!accepts(&guard, &[("host", "metadata.google.internal")]));
        let metadata = Guard::metadata(9, Clock::starting_at(Timestamp(0), 1));
        assert!(accepts(&metadata, &[("host", "metadata.google.internal")]));
    }

    #[test]
    fn what_a_browser_marks_as_foreign_is_refused() {
        let guard = Guard::api(8085, Clock::starting_at(Timestamp(0), 1));
        let host = ("host", "127.0.0.1:8085");
        assert!(accepts(
            &guard,
            &[host, ("origin", "http://127.0.0.1:8085")]
        ));
        assert!(accepts(&guard, &[host, ("sec-fetch-site", "none")]));
        assert!(!accepts(
            &guard,
            &[host, ("origin", "http://127.0.0.1:8080")]
        ));
        assert!(!accepts(&guard, &[host, ("origin", "null")]));
        assert!(!accepts(
            &guard,
            &[host, ("origin", "https://127.0.0.1:8085")]
        ));
        assert!(!accepts(&guard, &[host, ("sec-fetch-site", "cross-site")]));
    }
}
