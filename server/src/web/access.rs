//! A log line for each request that is answered, and its trace for every line written meanwhile.

use std::time::{Duration, Instant};

use axum::{
    body::HttpBody,
    extract::{Request, State},
    http::{HeaderMap, header::USER_AGENT},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

use super::{
    trace::TraceContext,
    visitor::{Proxy, Visitor},
};
use crate::logs::ACCESS;

/// Asked every few seconds by several probers, which would drown all else.
const PROBED: &str = "/health";

/// Logs the request, unless nobody asked for such lines.
pub(crate) async fn log(State(proxy): State<Proxy>, request: Request, next: Next) -> Response {
    if request.uri().path() == PROBED || !tracing::enabled!(target: ACCESS, tracing::Level::INFO) {
        return next.run(request).await;
    }
    let line = Line::of(&request, &proxy);
    let span = span(TraceContext::of(request.headers()));
    let began = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| line.write(&response, began.elapsed()));
    response
}

fn span(trace: Option<TraceContext>) -> tracing::Span {
    let trace = trace.as_ref();
    tracing::info_span!(
        target: ACCESS,
        "request",
        trace_id = trace.map(|trace| trace.trace_id.as_str()),
        span_id = trace.and_then(|trace| trace.span_id.as_deref()),
        trace_sampled = trace.map(|trace| trace.sampled),
    )
}

/// What is known before the answer. The query stays out, since it may carry what is nobody's business.
struct Line {
    method: String,
    path: String,
    url: String,
    remote_ip: String,
    user_agent: Option<String>,
    protocol: String,
}

impl Line {
    fn of(request: &Request, proxy: &Proxy) -> Self {
        let visitor = Visitor::of(request, proxy);
        let scheme = if visitor.https { "https" } else { "http" };
        let path = request.uri().path();
        Self {
            method: request.method().to_string(),
            path: path.to_owned(),
            url: format!("{scheme}://{}{path}", visitor.host),
            remote_ip: visitor.address.to_string(),
            user_agent: user_agent(request.headers()),
            protocol: format!("{:?}", request.version()),
        }
    }

    /// `taken` ends with the head of the answer, which is when a page is whole and a stream begins.
    fn write(&self, response: &Response, taken: Duration) {
        let status = response.status().as_u16();
        // An int64, which Google's JSON writes as text.
        let size = response.body().size_hint().exact();
        let size = size.map(|size| size.to_string());
        tracing::event!(
            target: ACCESS,
            tracing::Level::INFO,
            http_request.request_method = self.method,
            http_request.request_url = self.url,
            http_request.status = status,
            http_request.response_size = size,
            http_request.user_agent = self.user_agent,
            http_request.remote_ip = self.remote_ip,
            http_request.protocol = self.protocol,
            http_request.latency = format!("{:.6}s", taken.as_secs_f64()),
            "{} {} {status}",
            self.method,
            self.path,
        );
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(USER_AGENT)?.to_str().ok()?.to_owned())
}
