//! Pages, server functions and streams as one axum router.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, middleware, response::Response, routing::get};
use http::{StatusCode, request::Parts};
use leptos::{nonce::Nonce, prelude::*};
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};

use crate::{
    app::App,
    console::backtest,
    freshness,
    live::stream::{self, Streams},
    services::Services,
    shell::{CspNonce, shell},
};

/// Everything that this crate serves. Sessions, headers and static files are the caller's.
pub fn router(services: Arc<Services>, options: LeptosOptions) -> Router {
    let context = move |services: Arc<Services>| move || provide(&services);
    let pages = context(services.clone());
    let document = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let missing = render_app_async_with_context(context(services.clone()), document.clone());
    let case = {
        let services = services.clone();
        move |session, query| backtest::download(services.clone(), session, query)
    };
    let streams = Arc::new(Streams::new(services.clone()));
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), pages, document)
        .route("/api/public/live", get(stream::public))
        .route("/api/admin/live", get(stream::admin))
        .route("/api/admin/backtest/case", get(case))
        .layer(axum::Extension(streams))
        .layer(middleware::from_fn_with_state(services, freshness::keep))
        .fallback(move |request: Request<Body>| not_found(missing(request)))
        .with_state(options)
}

/// The paths of all pages, as axum writes them.
pub fn page_paths() -> Vec<String> {
    generate_route_list(App)
        .iter()
        .map(|route| route.path().to_owned())
        .collect()
}

fn provide(services: &Arc<Services>) {
    provide_context(services.clone());
    // The middleware's nonce is the one in the header, so it replaces the one that Leptos made.
    let nonce =
        use_context::<Parts>().and_then(|parts| parts.extensions.get::<CspNonce>().cloned());
    if let Some(CspNonce(nonce)) = nonce {
        provide_context(Nonce::from_value(nonce));
    }
}

async fn not_found(page: impl Future<Output = Response>) -> Response {
    let mut page = page.await;
    *page.status_mut() = StatusCode::NOT_FOUND;
    page
}
