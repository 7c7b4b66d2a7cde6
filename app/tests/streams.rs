//! Streams begin with everything, end by themselves, and are never too many.

#![cfg(feature = "ssr")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod site;

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use site::{Site, text};
use tower::ServiceExt;

/// A test that waits longer than this hangs.
const HANG: Duration = Duration::from_mins(2);

fn live() -> Request<Body> {
    Request::get("/api/public/live")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_stream_ends_at_once_when_the_program_stops() {
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    let answer = Site::new()
        .stopped_by(shutdown)
        .get("/api/public/live")
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    stop.send(true).unwrap();
    let body = tokio::time::timeout(HANG, text(answer))
        .await
        .expect("the stream goes on");
    assert!(
        body.contains("proof-numbers"),
        "it began with what there is: {body}"
    );
}

#[tokio::test]
async fn a_visitor_too_many_gets_one_look_and_comes_back_later() {
    let (_running, shutdown) = tokio::sync::watch::channel(false);
    let router = Site::new().stopped_by(shutdown).router();
    let mut open = Vec::new();
    for _ in 0..200 {
        let answer = router.clone().oneshot(live()).await.unwrap();
        let mut body = answer.into_body();
        let first = tokio::time::timeout(HANG, body.frame())
            .await
            .expect("no first event");
        assert!(first.is_some());
        open.push(body);
    }
    let late = router.clone().oneshot(live()).await.unwrap();
    let body = tokio::time::timeout(HANG, text(late))
        .await
        .expect("the look does not end");
    assert!(
        body.contains("retry: 15000") && body.contains("proof-numbers"),
        "{body}"
    );

    // A visitor who leaves makes room for the next one.
    open.pop();
    let next = router.oneshot(live()).await.unwrap();
    let mut body = next.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(!String::from_utf8_lossy(&first).contains("15000"));
}
