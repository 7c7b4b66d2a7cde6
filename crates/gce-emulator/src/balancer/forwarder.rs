//! The life of one request, as the phases of Pingora's proxy.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{HOST, SET_COOKIE};
use http::{StatusCode, Uri};
use pingora_core::upstreams::peer::{HttpPeer, PeerOptions};
use pingora_core::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};

use super::connection::Connection;
use super::custom_headers::{CustomHeader, Facts};
use super::exchange::Exchange;
use super::pool::{Member, Pool};
use super::redirect::{Asked, Redirect};
use super::route::{Outlet, RouteCell};
use super::{failure, headers, hidden};

/// How long a connection to a backend may take to come about, as at Google.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(4500);

/// How long an idle connection to a backend is kept, as at Google.
const BACKEND_KEEP_ALIVE: Duration = Duration::from_mins(10);

/// A frontend's proxy: takes a request to a backend, and to another one if that is safe.
#[derive(Debug)]
pub(super) struct Forwarder(pub(super) Arc<RouteCell>);

#[async_trait]
impl ProxyHttp for Forwarder {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::begin(self.0.get())
    }

    fn on_connection_reuse(
        &self,
        _: &mut Session,
        exchange: &mut Exchange,
        connection: Box<dyn Any + Send + Sync>,
    ) {
        if let Ok(connection) = connection.downcast::<Arc<Connection>>() {
            exchange.connection = *connection;
        }
    }

    /// Finds out who answers, and refuses what must never be seen from outside.
    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        let request = session.req_header();
        if hidden::is_metrics(request.uri.path()) {
            failure::answer(session, 404).await?;
            return Ok(true);
        }
        exchange.follow(host(request), request.uri.path());
        let Outlet::Redirect(redirect) = &exchange.leaf.outlet else {
            return Ok(false);
        };
        let (status, to) = redirection(redirect, request, exchange);
        failure::redirect(session, status, &to).await?;
        Ok(true)
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Box<HttpPeer>> {
        let client = ends(session).map(|(client, _)| client.ip());
        if !exchange.try_next(&session.req_header().headers, client) {
            let status = if exchange.has_failed() { 502 } else { 503 };
            return Error::e_explain(ErrorType::HTTPStatus(status), "no backend left to ask");
        }
        let chosen = exchange.pool().zip(exchange.member());
        chosen
            .map(|(pool, member)| peer(pool, member))
            .ok_or_else(|| Error::explain(ErrorType::InternalError, "the pool has gone"))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        // Without its sockets' addresses the connection is gone: the client has left.
        let (client, server) =
            ends(session).ok_or_else(|| Error::new_down(ErrorType::ConnectionClosed))?;
        let tls = exchange.connection.tls.as_ref();
        headers::forward(request, client.ip(), server.ip(), tls.is_some())?;
        let facts = Facts {
            client,
            server,
            tls,
        };
        let custom = exchange
            .pool()
            .map_or(&[][..], |pool| &pool.request_headers);
        add(custom, facts, |name, value| {
            request.insert_header(name, value)
        })
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        exchange.answered(response);
        let Some(member) = exchange.member() else {
            return Ok(());
        };
        headers::sign(response, member.upstream.label.clone())?;
        if let Some(cookie) = exchange.cookie() {
            response.append_header(SET_COOKIE, cookie)?;
        }
        let custom = exchange
            .pool()
            .map_or(&[][..], |pool| &pool.response_headers);
        let Some((client, server)) = ends(session).filter(|_| !custom.is_empty()) else {
            return Ok(());
        };
        let tls = exchange.connection.tls.as_ref();
        let facts = Facts {
            client,
            server,
            tls,
        };
        add(custom, facts, |name, value| {
            response.insert_header(name, value)
        })
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
        let answer = session.response_written();
        let status = answer.map_or(0, |answer| answer.status.as_u16());
        exchange.finish(
            status,
            session.body_bytes_read() as u64,
            session.body_bytes_sent() as u64,
        );
    }
}

/// The two ends of the client's connection.
fn ends(session: &Session) -> Option<(SocketAddr, SocketAddr)> {
    let client = session.client_addr()?.as_inet()?;
    let server = session.server_addr()?.as_inet()?;
    Some((*client, *server))
}

fn host(request: &RequestHeader) -> &str {
    let host = request
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    host.or_else(|| request.uri.authority().map(http::uri::Authority::as_str))
        .unwrap_or_default()
}

fn redirection(redirect: &Redirect, request: &RequestHeader, exchange: &Exchange) -> (u16, String) {
    let uri: &Uri = &request.uri;
    let to = redirect.location(Asked {
        https: exchange.connection.tls.is_some(),
        host: host(request),
        uri,
        rule: exchange.leaf.rule.as_deref(),
        secure_port: exchange.route.secure_port,
    });
    (redirect.status, to)
}

fn add(
    custom: &[CustomHeader],
    facts: Facts<'_>,
    mut insert: impl FnMut(http::HeaderName, String) -> Result<()>,
) -> Result<()> {
    custom
        .iter()
        .try_for_each(|header| insert(header.name.clone(), header.value(facts)))
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

/// Whether an answer has no end of its own.
pub(super) fn is_stream(response: &ResponseHeader) -> bool {
    let kind = response
        .headers
        .get(http::header::CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    response.status == StatusCode::SWITCHING_PROTOCOLS || kind.starts_with(b"text/event-stream")
}
