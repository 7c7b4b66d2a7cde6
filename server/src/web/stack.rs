//! The whole stack in one place: what serves, and in which order a request passes what guards it.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tokio::sync::watch;
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};

use super::{
    access, files, headers, headers::HeaderRules, health, intake, metrics, metrics::Metrics,
    page_cache, page_cache::PageCache, shield, visitor::Proxy,
};
use crate::session::{Doorkeeper, guard, log_in, log_out};

/// Streams begin at once and end by themselves; to hold them until they are whole would hold them for ever.
pub(super) const STREAMS: [&str; 2] = ["/api/public/live", "/api/admin/live"];

/// What the stack is made of.
pub(crate) struct Parts {
    /// Pages, server functions and streams.
    pub(crate) app: Router,
    /// The paths of the pages, of which the public ones are cached.
    pub(crate) page_paths: Vec<String>,
    /// Where the built site is.
    pub(crate) site_root: PathBuf,
    /// Whether the names of its files carry a hash.
    pub(crate) hashed_names: bool,
    pub(crate) door: Arc<Doorkeeper>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) proxy: Proxy,
    /// Turns `true` when the program begins to stop.
    pub(crate) draining: watch::Receiver<bool>,
}

/// Puts the stack together. A layer that is added later is passed earlier.
pub(crate) fn router(parts: Parts) -> Router {
    let Parts {
        app,
        page_paths,
        site_root,
        hashed_names,
        door,
        metrics,
        proxy,
        draining,
    } = parts;
    let cache = Arc::new(PageCache::new(&page_paths));
    let rules = HeaderRules::new(proxy.clone());
    app.layer(from_fn(hold_together))
        .merge(
            Router::new()
                .route("/admin/login", post(log_in))
                .with_state(door.clone()),
        )
        .merge(
            Router::new()
                .route("/admin/logout", post(log_out))
                .with_state(door.clone()),
        )
        .merge(files::routes(&site_root, hashed_names))
        .merge(
            Router::new()
                .route("/health", get(health::health))
                .with_state(draining),
        )
        .merge(
            Router::new()
                .route("/metrics", get(metrics::metrics))
                .with_state(metrics.clone()),
        )
        .layer(from_fn_with_state(door, guard))
        .layer(from_fn_with_state(cache, page_cache::cached))
        .layer(CsrfLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(rules, headers::secure))
        .layer(from_fn(intake::check))
        .layer(from_fn_with_state(metrics, metrics::count))
        .layer(from_fn_with_state(proxy, access::log))
}

async fn hold_together(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    if STREAMS.contains(&request.uri().path()) {
        next.run(request).await
    } else {
        shield::whole(request, next).await
    }
}
