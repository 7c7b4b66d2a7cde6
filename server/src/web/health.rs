//! `/health`: whether a balancer should send requests here.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::sync::watch;

/// 200 `ok` while the program serves, 503 once it drains: requests still succeed then, but new clients
/// had better go elsewhere.
pub(crate) async fn health(State(draining): State<watch::Receiver<bool>>) -> Response {
    if *draining.borrow() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response()
    } else {
        "ok".into_response()
    }
}
