//! A request as it was received, and the head with which a backend gets it.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use http::Uri;
use httparse::{EMPTY_HEADER, Status};

use super::body::Body;
use super::fields::{self, Fields, field, names, passed_on};
use super::framing::{self, Framing, FramingError};
use super::upload::Upload;
use crate::balancer::connection::Connection;
use crate::balancer::custom_headers::CustomHeader;
use crate::balancer::exchange::Exchange;
use crate::balancer::failure::Answer;
use crate::balancer::headers::Trace;
use crate::balancer::redirect;
use crate::balancer::route::{Outlet, Route};
use crate::balancer::{headers, hidden};

/// More fields than this are refused.
pub(super) const MAX_FIELDS: usize = 128;

/// A request whose head has arrived.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) exchange: Exchange,
    pub(super) upload: Upload,
    pub(super) manner: Manner,
    /// What is answered without a backend.
    pub(super) at_once: Option<Answer>,
    /// The client has got a byte of an answer.
    pub(super) is_answered: bool,
    /// How much it has got of the answer's body.
    pub(super) sent: u64,
}

/// What of a request matters for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The minor version of HTTP. An old client is served in its own version to the end.
    pub(super) version: u8,
    pub(super) method: Method,
    /// The client wants to go on with the connection.
    pub(super) keeps: bool,
    /// The client asks for a web socket.
    pub(super) upgrades: bool,
}

/// What matters of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Idempotent as well; its answers have no body.
    Head,
    /// Doing it twice does no more than doing it once.
    Idempotent,
    Other,
}

impl Method {
    fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "GET" | "OPTIONS" | "TRACE" | "PUT" | "DELETE" => Self::Idempotent,
            _ => Self::Other,
        }
    }
}

/// A status with which a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16);

const BAD_REQUEST: Refusal = Refusal(400);

/// Reads a request's head, if it has arrived whole, and says how long it is. The backend's head is
/// written to the emptied `message`.
pub(super) fn read(
    bytes: &[u8],
    connection: &Connection,
    route: impl FnOnce() -> Arc<Route>,
    message: &mut Vec<u8>,
) -> Result<Option<(Asked, usize)>, Refusal> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal(431)),
        Err(_) => return Err(BAD_REQUEST),
    };
    let (method, target, version) = line(&head).ok_or(BAD_REQUEST)?;
    let request = Request {
        method,
        version,
        target: Target::read(method, target).ok_or(BAD_REQUEST)?,
        framing: framing::of_request(version, head.headers).map_err(refuse)?,
        fields: head.headers,
    };
    let asked = request.asked(connection, route(), message)?;
    Ok(Some((asked, length)))
}

fn refuse(error: FramingError) -> Refusal {
    tracing::debug!(%error, "a request was refused");
    BAD_REQUEST
}

fn line<'a>(head: &httparse::Request<'_, 'a>) -> Option<(&'a str, &'a str, u8)> {
    Some((head.method?, head.path?, head.version?))
}

/// A head, taken apart.
struct Request<'a> {
    method: &'a str,
    version: u8,
    target: Target<'a>,
    framing: Framing,
    fields: &'a Fields<'a>,
}

impl Request<'_> {
    fn asked(
        &self,
        connection: &Connection,
        route: Arc<Route>,
        message: &mut Vec<u8>,
    ) -> Result<Asked, Refusal> {
        let host = self.host()?;
        let manner = self.manner();
        let mut exchange = Exchange::begin(route);
        exchange.follow(host, self.target.path());
        let at_once = self.at_once(host, connection, &exchange)?;
        if at_once.is_none() {
            exchange.wish(self.fields, connection.client.ip());
        }
        message.clear();
        let pool = exchange.pool();
        let custom = pool.map_or(&[][..], |pool| &pool.request_headers);
        self.write(manner, connection, custom, message);
        Ok(Asked {
            upload: Upload::new(std::mem::take(message), Body::new(self.framing)),
            exchange,
            manner,
            at_once,
            is_answered: false,
            sent: 0,
        })
    }

    /// The host that is asked for. HTTP/1.1 wants it said, and nobody may say it twice.
    fn host(&self) -> Result<&str, Refusal> {
        let mut hosts = field(self.fields, "host");
        let (host, another) = (hosts.next(), hosts.next());
        if another.is_some() || (host.is_none() && self.version == 1) {
            return Err(BAD_REQUEST);
        }
        let host = std::str::from_utf8(host.unwrap_or_default()).map_err(|_| BAD_REQUEST)?;
        Ok(self.target.authority.unwrap_or(host))
    }

    fn manner(&self) -> Manner {
        Manner {
            version: self.version,
            method: Method::of(self.method),
            keeps: self.version == 1 && !names(self.fields, "connection", "close"),
            upgrades: self.version == 1
                && names(self.fields, "connection", "upgrade")
                && names(self.fields, "upgrade", "websocket"),
        }
    }

    /// Refuses what must never be seen from outside, and sends elsewhere whom the URL map sends.
    fn at_once(
        &self,
        host: &str,
        connection: &Connection,
        exchange: &Exchange,
    ) -> Result<Option<Answer>, Refusal> {
        if hidden::is_metrics(self.target.path()) {
            return Ok(Some(Answer::Status(404)));
        }
        let Outlet::Redirect(redirect) = &exchange.leaf.outlet else {
            return Ok(None);
        };
        let uri: Uri = self
            .target
            .path_and_query
            .parse()
            .map_err(|_| BAD_REQUEST)?;
        let to = redirect.location(redirect::Asked {
            https: connection.tls.is_some(),
            host,
            uri: &uri,
            rule: exchange.leaf.rule.as_deref(),
            secure_port: exchange.route.secure_port,
        });
        let status = redirect.status;
        Ok(Some(Answer::Redirect { status, to }))
    }

    /// Writes the head for a backend.
    fn write(
        &self,
        manner: Manner,
        connection: &Connection,
        custom: &[CustomHeader],
        out: &mut Vec<u8>,
    ) {
        let trace = Trace::of(self.fields);
        // A vector takes all that is written to it.
        let _ = write!(
            out,
            "{} {} HTTP/1.{}\r\n",
            self.method, self.target.path_and_query, self.version
        );
        let authority = self.target.authority;
        if let Some(authority) = authority {
            fields::write(out, "host", authority.as_bytes());
        }
        let replaced = |name: &str| {
            headers::replaces(name)
                || (authority.is_some() && name.eq_ignore_ascii_case("host"))
                || trace.replaces(name)
                || custom.iter().any(|custom| custom.is_named(name))
        };
        for field in passed_on(self.fields, replaced) {
            fields::write(out, field.name, field.value);
        }
        write_framing(out, self.framing);
        if manner.upgrades {
            out.extend_from_slice(b"connection: upgrade\r\nupgrade: websocket\r\n");
        }
        headers::forward(out, self.fields, connection);
        trace.write(out);
        for header in custom {
            header.write(out, connection.facts());
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Says where a body ends.
pub(super) fn write_framing(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::Nothing | Framing::UntilClose => {}
        Framing::Length(length) => {
            // A vector takes all that is written to it.
            let _ = write!(out, "content-length: {length}\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
}

/// What is asked for (RFC 9112, section 3.2).
struct Target<'a> {
    /// Of a target in absolute form; it counts more than a `Host` field.
    authority: Option<&'a str>,
    path_and_query: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// `None` for a target that only makes sense to another kind of proxy.
    fn read(method: &str, target: &'a str) -> Option<Self> {
        if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
            return Some(Self {
                authority: None,
                path_and_query: target.into(),
            });
        }
        let (scheme, rest) = target.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let path_and_query = if path.starts_with('/') {
            path.into()
        } else {
            format!("/{path}").into()
        };
        Some(Self {
            authority: Some(authority),
            path_and_query,
        })
    }

    fn path(&self) -> &str {
        let all = &*self.path_and_query;
        all.split_once('?').map_or(all, |(path, _)| path)
    }
}
