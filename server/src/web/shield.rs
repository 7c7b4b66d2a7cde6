//! Rendering, out of reach of impatient clients.

use std::sync::{Arc, LazyLock};

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header::CONTENT_LENGTH},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

/// Pages that are rendered at the same time. Work that no connection holds back needs a bound of its own.
const RENDERS: usize = 64;
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(RENDERS)));

/// Runs the rest of the stack in a task of its own and answers with the whole body at once.
///
/// Leptos frees what a page allocated at the end of its body. A client that leaves earlier would leak it,
/// or make the page panic halfway; a task that nobody can drop always comes to the end. An answer in one
/// piece also goes out in one write with its length, so a balancer can repeat it elsewhere when we die.
pub(crate) async fn whole(request: Request, next: Next) -> Response {
    let Ok(turn) = TURNS.clone().acquire_owned().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let render = tokio::spawn(async move {
        let _turn = turn;
        collect(next.run(request).await).await
    });
    render.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a page panicked");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

async fn collect(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    match body.collect().await {
        Ok(collected) => {
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(collected.to_bytes()))
        }
        Err(error) => {
            tracing::error!(%error, "a page broke off");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
