//! The headers that tell a browser what it must not do, on every answer.

use std::sync::Arc;

use app::CspNonce;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};

use super::{
    nonce,
    visitor::{Proxy, Visitor},
};
use crate::{session::Area, site};

const FIXED: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // Forms without a script return to the page that they came from, so the referrer stays within the site.
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What the header layer has to know.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRules {
    proxy: Proxy,
    policy: Arc<ContentPolicy>,
}

impl HeaderRules {
    pub(crate) fn new(proxy: Proxy) -> Self {
        Self {
            proxy,
            policy: Arc::new(ContentPolicy::new(site::watched().then(site::reload_port))),
        }
    }
}

/// The content policy, ready but for the nonce.
#[derive(Debug)]
struct ContentPolicy {
    connect: String,
}

impl ContentPolicy {
    /// `reload_port` is where cargo-leptos announces a new build, during development only.
    fn new(reload_port: Option<u32>) -> Self {
        let connect = reload_port.map_or_else(
            || "'self'".to_owned(),
            |port| format!("'self' ws://127.0.0.1:{port} ws://localhost:{port}"),
        );
        Self { connect }
    }

    /// `wasm-unsafe-eval` lets our own WebAssembly start; `'self'` is kept beside the nonce because
    /// preloads of split chunks carry none.
    fn with(&self, nonce: &str) -> Option<HeaderValue> {
        HeaderValue::try_from(format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
             style-src 'self' 'nonce-{nonce}'; connect-src {}; img-src 'self' data:; font-src 'self'; \
             manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
            self.connect
        ))
        .ok()
    }
}

/// Gives each request a nonce and each answer its headers.
pub(crate) async fn secure(
    State(rules): State<HeaderRules>,
    mut request: Request,
    next: Next,
) -> Response {
    let nonce = nonce::fresh();
    let https = Visitor::of(&request, &rules.proxy).https;
    let private = Area::of(request.uri().path()) != Area::Public;
    let policy = rules.policy.with(&nonce);
    request.extensions_mut().insert(CspNonce(nonce));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if https {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    set_caching(headers, private);
    response
}

/// What a console answers stays out of every cache; the rest is asked for again unless it says otherwise.
fn set_caching(headers: &mut HeaderMap, private: bool) {
    if private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_policy_names_the_nonce_and_the_reload_port_only_during_development() {
        let policy = ContentPolicy::new(None).with("abc").unwrap();
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'nonce-abc' 'wasm-unsafe-eval';"));
        assert!(policy.contains("connect-src 'self';"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("ws:"));
        let watched = ContentPolicy::new(Some(3001)).with("abc").unwrap();
        assert!(watched.to_str().unwrap().contains("ws://127.0.0.1:3001"));
    }
}
