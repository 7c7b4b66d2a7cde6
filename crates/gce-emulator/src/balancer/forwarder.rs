//! The life of one request, as the phases of Pingora's proxy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pingora_core::upstreams::peer::{HttpPeer, PeerOptions};
use pingora_core::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};

use super::route::{Attempt, Member, Pool, Route, RouteCell};
use super::traffic::Sample;
use super::upstream::Lease;
use super::{failure, headers, hidden};

/// How long a connection to a backend may take to come about, as at Google.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(4500);

/// How long an idle connection to a backend is kept, as at Google.
const BACKEND_KEEP_ALIVE: Duration = Duration::from_mins(10);

/// A frontend's proxy: takes a request to a backend, and to another one if that is safe.
#[derive(Debug)]
pub(super) struct Forwarder(pub(super) Arc<RouteCell>);

/// What is known about one request while it is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    route: Arc<Route>,
    began: Instant,
    current: Option<Try>,
    failed: Vec<Attempt>,
    /// When the answer turned out to be a stream without an end of its own.
    streaming_since: Option<Instant>,
}

/// The try that is under way or was the last one.
#[derive(Debug)]
struct Try {
    member: usize,
    began: Instant,
    /// Held for its count: the instance is busy with this request until it is dropped.
    _lease: Lease,
}

impl Exchange {
    fn pool(&self) -> Option<&Pool> {
        self.route.service.as_ref()
    }

    fn member(&self) -> Option<&Member> {
        self.pool()?.members.get(self.current.as_ref()?.member)
    }

    /// The try has failed; the request is no longer in flight there.
    fn give_up(&mut self, on_reused_connection: bool) {
        if let Some(Try { member, .. }) = self.current.take() {
            self.failed.push(Attempt {
                member,
                on_reused_connection,
            });
        }
    }

    /// A stream lasts as long as its viewer stays, which says nothing about the speed of the
    /// backend: it is timed to its beginning.
    fn sample(&self, session: &Session) -> Sample {
        let ended = self.streaming_since.unwrap_or_else(Instant::now);
        let answer = session.response_written();
        Sample {
            response_code: answer.map_or(0, |answer| answer.status.as_u16()),
            request_bytes: session.body_bytes_read() as u64,
            response_bytes: session.body_bytes_sent() as u64,
            total: ended.saturating_duration_since(self.began),
            backend: self
                .current
                .as_ref()
                .map(|t| ended.saturating_duration_since(t.began)),
        }
    }
}

#[async_trait]
impl ProxyHttp for Forwarder {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange {
            route: self.0.get(),
            began: Instant::now(),
            current: None,
            failed: Vec::new(),
            streaming_since: None,
        }
    }

    /// Refuses what must never be seen from outside.
    async fn request_filter(&self, session: &mut Session, _: &mut Exchange) -> Result<bool> {
        if !hidden::is_metrics(session.req_header().uri.path()) {
            return Ok(false);
        }
        failure::answer(session, 404).await?;
        Ok(true)
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Box<HttpPeer>> {
        let chosen = exchange
            .pool()
            .and_then(|pool| pool.choose(&exchange.failed));
        let Some((member, lease)) = chosen else {
            let status = if exchange.failed.is_empty() { 503 } else { 502 };
            return Error::e_explain(ErrorType::HTTPStatus(status), "no backend left to ask");
        };
        exchange.current = Some(Try {
            member,
            began: Instant::now(),
            _lease: lease,
        });
        exchange
            .pool()
            .map(|pool| peer(pool, &pool.members[member]))
            .ok_or_else(|| Error::explain(ErrorType::InternalError, "the pool has gone"))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        _: &mut Exchange,
    ) -> Result<()> {
        let ip = |addr: Option<&pingora_core::protocols::l4::socket::SocketAddr>| {
            addr.and_then(|addr| addr.as_inet())
                .map(std::net::SocketAddr::ip)
        };
        match (ip(session.client_addr()), ip(session.server_addr())) {
            (Some(client), Some(balancer)) => headers::forward(request, client, balancer),
            // Without its sockets' addresses the connection is gone: the client has left.
            _ => Err(Error::new_down(ErrorType::ConnectionClosed)),
        }
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        if is_stream(response) {
            exchange.streaming_since = Some(Instant::now());
        }
        match exchange.member() {
            Some(member) => headers::sign(response, &member.upstream.instance),
            None => Ok(()),
        }
    }

    /// Nothing has been sent, so any request may go elsewhere.
    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        let standing = exchange
            .member()
            .and_then(|member| member.standing.as_ref());
        if let (Some(standing), ErrorType::ConnectRefused) = (standing, error.etype()) {
            standing.refuse();
        }
        exchange.give_up(false);
        error.set_retry(true);
        error
    }

    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        exchange: &mut Exchange,
        on_reused_connection: bool,
    ) -> Box<Error> {
        let repeat = failure::may_repeat(session, &error);
        error.set_retry(repeat);
        if repeat {
            exchange.give_up(on_reused_connection);
        }
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        _: &mut Exchange,
    ) -> FailToProxy {
        let status = failure::status(error);
        if let Some(status) = status
            && let Err(error) = failure::answer(session, status).await
        {
            tracing::debug!(%error, status, "the client left before it was told");
        }
        FailToProxy {
            error_code: status.unwrap_or(0),
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, exchange: &mut Exchange) {
        let sample = exchange.sample(session);
        let meter = exchange
            .member()
            .map_or(&exchange.route.unanswered, |member| &member.meter);
        meter.add(sample);
    }
}

fn peer(pool: &Pool, member: &Member) -> Box<HttpPeer> {
    let mut peer = HttpPeer::new(member.upstream.addr, false, String::new());
    peer.group_key = member.upstream.pool_key;
    let options: &mut PeerOptions = &mut peer.options;
    options.connection_timeout = Some(CONNECT_TIMEOUT);
    options.total_connection_timeout = Some(CONNECT_TIMEOUT);
    options.idle_timeout = Some(BACKEND_KEEP_ALIVE);
    options.read_timeout = Some(pool.timeout);
    options.write_timeout = Some(pool.timeout);
    Box::new(peer)
}

fn is_stream(response: &ResponseHeader) -> bool {
    let kind = response
        .headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    response.status == StatusCode::SWITCHING_PROTOCOLS || kind.starts_with(b"text/event-stream")
}
