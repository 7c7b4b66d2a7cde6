//! What this instance counts about itself, as Prometheus text.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{stack::STREAMS, visitor};
use crate::signals::Window;

/// From a cached page to the longest page that is still answered, in seconds.
const LATENCY_BOUNDS: [f64; 10] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0,
];

/// What no visitor asks for, or what is not over once it is answered: neither tells how busy the
/// instance is.
const OF_NO_VISITOR: [&str; 4] = ["/health", "/metrics", STREAMS[0], STREAMS[1]];

/// The counters of one instance.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabel, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    attempts: Family<AttemptLabel, Counter>,
    /// The requests of the last while, as the signals of this instance tell them.
    recent: Arc<Window>,
    token: Option<String>,
}

/// How a log-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Attempt {
    Right,
    Wrong,
    Limited,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabel {
    result: Attempt,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

impl Metrics {
    /// `token` lets a scraper in that is not on this machine.
    pub(crate) fn new(token: Option<String>, recent: Arc<Window>) -> Self {
        let mut registry = Registry::with_prefix("flaskscale");
        let requests = Family::default();
        let latency = Family::new_with_constructor(latency_histogram as fn() -> Histogram);
        let (in_flight, attempts) = (Gauge::default(), Family::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_seconds",
            "Time to the head of the answer",
            latency.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests being answered",
            in_flight.clone(),
        );
        registry.register("login_attempts", "Attempts to log in", attempts.clone());
        Self {
            registry,
            requests,
            latency,
            in_flight,
            attempts,
            recent,
            token,
        }
    }

    /// Counts an attempt to log in.
    pub(crate) fn attempt(&self, result: Attempt) {
        self.attempts.get_or_create(&AttemptLabel { result }).inc();
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// A program on this machine may read them; what came through a balancer, only with the token.
    fn may_read<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if let (Some(given), Some(token)) = (given, &self.token) {
            return same(given.as_bytes(), token.as_bytes());
        }
        let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("via");
        !forwarded && visitor::peer(request).is_loopback()
    }
}

fn latency_histogram() -> Histogram {
    Histogram::new(LATENCY_BOUNDS)
}

/// Compares without telling by its time how much was right.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(metrics): State<Arc<Metrics>>, request: Request) -> Response {
    if !metrics.may_read(&request) {
        return (
            StatusCode::FORBIDDEN,
            "Metrics need the token, or a client on this machine.",
        )
            .into_response();
    }
    match metrics.text() {
        Ok(text) => (
            [(
                CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Counts every request under the route that answered it, never under the path that a stranger typed.
pub(crate) async fn count(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", route_of)
        .to_owned();
    let is_work = !OF_NO_VISITOR.contains(&request.uri().path());
    let began = Instant::now();
    metrics.in_flight.inc();
    let in_flight = InFlight(&metrics.in_flight);
    let response = next.run(request).await;
    drop(in_flight);
    if is_work {
        let now = Instant::now();
        metrics.recent.record(now, now - began);
    }
    metrics
        .latency
        .get_or_create(&RouteLabel {
            route: route.clone(),
        })
        .observe(began.elapsed().as_secs_f64());
    let labels = RequestLabels {
        method,
        route,
        status: response.status().as_u16(),
    };
    metrics.requests.get_or_create(&labels).inc();
    response
}

/// Counts down even when the client leaves and the request is dropped half way.
struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// axum writes a nested service's route with a name of its own for the rest of the path.
fn route_of(matched: &MatchedPath) -> &str {
    let route = matched.as_str();
    route.split("/{*").next().unwrap_or(route)
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::net::SocketAddr;

    use axum::{body::Body, extract::ConnectInfo};

    use super::*;

    fn request(peer: [u8; 4], headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder();
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((peer, 1))));
        request
    }

    fn metrics(token: Option<String>) -> Metrics {
        Metrics::new(token, Arc::new(crate::signals::window(1)))
    }

    #[test]
    fn metrics_are_for_this_machine_or_for_the_token() {
        let metrics = metrics(Some("letmein".to_owned()));
        assert!(metrics.may_read(&request([127, 0, 0, 1], &[])));
        assert!(!metrics.may_read(&request([127, 0, 0, 1], &[("via", "1.1 google")])));
        assert!(!metrics.may_read(&request([127, 0, 0, 1], &[("x-forwarded-for", "::1")])));
        assert!(!metrics.may_read(&request([192, 0, 2, 1], &[])));
        assert!(metrics.may_read(&request(
            [192, 0, 2, 1],
            &[("authorization", "Bearer letmein")]
        )));
        assert!(!metrics.may_read(&request(
            [192, 0, 2, 1],
            &[("authorization", "Bearer letmeim")]
        )));
    }

    #[test]
    fn attempts_to_log_in_are_counted_by_their_end() {
        let metrics = metrics(None);
        metrics.attempt(Attempt::Wrong);
        metrics.attempt(Attempt::Wrong);
        assert!(
            metrics
                .text()
                .unwrap()
                .contains("flaskscale_login_attempts_total{result=\"Wrong\"} 2")
        );
    }
}
