//! Whoever has no session gets nothing of the console, whichever door they try.

#![cfg(feature = "ssr")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod site;

use app::session::Role;
use axum::response::Response;
use http::{Method, StatusCode};
use site::{Site, text};

/// One body with every argument that any function takes, so that each decodes and gets to its own
/// check. A function with an argument that is missing here fails the tests below until it is added.
const EVERY_ARGUMENT: &str = "group=us-central1-a%2Fflaskscale&base=h&mode=ON&min=1&max=2&cpu=50\
    &init=60&stabilization=600&memory=80&requests=20&latency=250&queue=10&note=&instance=i&load=1&seconds=1&theme=auto&back=%2F&span=7d\
    &fault[type]=crash&id=1";

/// The functions that only read, which may therefore be a GET and serve a viewer.
const READING: [&str; 1] = ["/api/admin/backtest/recording"];

/// The paths of the console's server functions.
fn console_functions() -> Vec<(&'static str, Method)> {
    server_fn::axum::server_fn_paths()
        .filter(|(path, _)| path.starts_with("/api/admin/"))
        .collect()
}

/// Calls a function with every argument, in its body or in its URL.
async fn call(site: Site, path: &str, method: &Method, accept: &str) -> Response {
    if *method == Method::GET {
        let url = format!("{path}?{EVERY_ARGUMENT}");
        site.get_as(&url, accept).await
    } else {
        site.post(path, accept, EVERY_ARGUMENT).await
    }
}

/// A page's path with its parameters filled in.
fn filled(path: &str) -> String {
    path.replace("{location}", "us-central1-a")
        .replace("{name}", "flaskscale")
}

#[tokio::test]
async fn every_server_function_has_a_path_that_says_who_may_call_it() {
    let _registered = Site::new();
    let paths: Vec<_> = server_fn::axum::server_fn_paths().collect();
    assert!(paths.len() >= 4, "{paths:?}");
    for (path, method) in paths {
        assert!(
            path.starts_with("/api/public/") || path.starts_with("/api/admin/"),
            "{path}"
        );
        let expected = if READING.contains(&path) {
            Method::GET
        } else {
            Method::POST
        };
        assert_eq!(method, expected, "what changes something is a POST: {path}");
    }
}

#[tokio::test]
async fn no_function_of_the_console_answers_without_a_session() {
    let functions = console_functions();
    assert!(functions.len() >= 3, "{functions:?}");
    for (path, method) in functions {
        for accept in ["application/json", "text/html"] {
            let answer = call(Site::new(), path, &method, accept).await;
            assert_eq!(
                answer.status(),
                StatusCode::UNAUTHORIZED,
                "{path} for {accept}"
            );
        }
    }
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let changing = |(path, _): &(&str, Method)| !READING.contains(path);
    for (path, method) in console_functions().into_iter().filter(changing) {
        let site = Site::new().logged_in(Role::Viewer);
        let answer = call(site, path, &method, "application/json").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_viewer_may_read() {
    for path in READING {
        let site = Site::new().logged_in(Role::Viewer);
        let answer = call(site, path, &Method::GET, "application/json").await;
        assert_eq!(
            answer.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}: there is no cloud"
        );
    }
}

#[tokio::test]
async fn a_span_that_is_not_offered_is_refused_with_those_that_are() {
    let path = "/api/admin/backtest/recording?group=us-central1-a%2Fweb&span=90d";
    let answer = Site::new().logged_in(Role::Viewer).get(path).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let told = text(answer).await;
    assert!(
        told.contains("span has to be one of 1d, 7d and 28d."),
        "{told}"
    );
}

#[tokio::test]
async fn an_operator_gets_past_the_check() {
    for (path, method) in console_functions() {
        let site = Site::new().logged_in(Role::Operator);
        let answer = call(site, path, &method, "application/json").await;
        assert_eq!(
            answer.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}: there is no cloud"
        );
    }
}

#[tokio::test]
async fn no_page_of_the_console_opens_without_a_session() {
    let pages: Vec<_> = app::page_paths()
        .into_iter()
        .filter(|path| path.starts_with("/admin"))
        .collect();
    assert!(pages.len() >= 3, "{pages:?}");
    for path in pages.iter().filter(|path| *path != "/admin/login") {
        let path = filled(path);
        let answer = Site::new().get(&path).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let html = text(answer).await;
        assert!(
            !html.contains("Log out"),
            "{path} shows the console's frame"
        );
    }
}

#[tokio::test]
async fn no_stream_of_the_console_opens_without_a_session() {
    let answer = Site::new().get("/api/admin/live").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_recorded_load_leaves_without_a_session() {
    let path = "/api/admin/backtest/case?group=us-central1-a/web&span=7d";
    let answer = Site::new().get(path).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let answer = Site::new().logged_in(Role::Viewer).get(path).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_closed_console_shows_its_reason_and_nothing_else() {
    for path in ["/admin", "/admin/login"] {
        let site = Site::new()
            .logged_in(Role::Admin)
            .closed("There are no secrets.");
        let answer = site.get(path).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            text(answer).await.contains("There are no secrets."),
            "{path}"
        );
    }
}
