//! An answer's head as a backend sends it, and as the client gets it.

use std::io::Write;

use httparse::{EMPTY_HEADER, Status};

use super::asked::{MAX_FIELDS, Manner, Method, write_framing};
use super::fields::{self, Fields, field, names, passed_on};
use super::framing::{self, Framing};
use crate::balancer::connection::Connection;
use crate::balancer::exchange::Exchange;
use crate::balancer::headers;

/// A head that has arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    pub(super) length: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another head will follow.
    Interim,
    /// From here on it is a web socket.
    Switched,
    Final {
        framing: Framing,
        /// The backend will take another request on its connection.
        keeps: bool,
    },
}

/// What a backend sends is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoAnswer;

/// Reads a head, if it has arrived whole, and writes the client's to the empty `out`. A final one
/// lacks the empty line at its end: it is up to the caller whether the connection is kept.
pub(super) fn read(
    bytes: &[u8],
    manner: Manner,
    connection: &Connection,
    exchange: &mut Exchange,
    out: &mut Vec<u8>,
) -> Result<Option<Reply>, NoAnswer> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(NoAnswer),
    };
    let (Some(status), Some(version)) = (head.code, head.version) else {
        return Err(NoAnswer);
    };
    let answer = Answer {
        status,
        reason: head.reason.unwrap_or_default(),
        version,
        fields: head.headers,
        manner,
    };
    let kind = answer.kind()?;
    match kind {
        Kind::Interim if manner.version == 0 => {}
        Kind::Interim => answer.write_interim(out),
        Kind::Switched => {
            exchange.answered(status, false);
            answer.write(Framing::Nothing, connection, exchange, out);
            out.extend_from_slice(b"connection: upgrade\r\nupgrade: websocket\r\n\r\n");
        }
        Kind::Final { framing, .. } => {
            exchange.answered(status, answer.is_stream());
            answer.write(framing, connection, exchange, out);
        }
    }
    Ok(Some(Reply { length, kind }))
}

/// A head, taken apart.
struct Answer<'a> {
    status: u16,
    reason: &'a str,
    version: u8,
    fields: &'a Fields<'a>,
    manner: Manner,
}

impl Answer<'_> {
    fn kind(&self) -> Result<Kind, NoAnswer> {
        match self.status {
            101 if self.manner.upgrades => Ok(Kind::Switched),
            100 | 102..=199 => Ok(Kind::Interim),
            200..=999 => self.last(),
            _ => Err(NoAnswer),
        }
    }

    fn is_to_head(&self) -> bool {
        self.manner.method == Method::Head
    }

    fn last(&self) -> Result<Kind, NoAnswer> {
        let framing = framing::of_answer(self.is_to_head(), self.version, self.status, self.fields);
        let framing = framing.map_err(|error| {
            tracing::debug!(%error, "an answer was refused");
            NoAnswer
        })?;
        if framing == Framing::Chunked && self.manner.version == 0 {
            return Err(NoAnswer);
        }
        let keeps = self.version == 1
            && self.manner.version == 1
            && framing != Framing::UntilClose
            && !names(self.fields, "connection", "close");
        Ok(Kind::Final { framing, keeps })
    }

    /// Whether the answer has no end of its own.
    fn is_stream(&self) -> bool {
        field(self.fields, "content-type").any(|kind| kind.starts_with(b"text/event-stream"))
    }

    fn write_interim(&self, out: &mut Vec<u8>) {
        self.write_line(out);
        for field in passed_on(self.fields, |_| false) {
            fields::write(out, field.name, field.value);
        }
        out.extend_from_slice(b"\r\n");
    }

    fn write(
        &self,
        framing: Framing,
        connection: &Connection,
        exchange: &Exchange,
        out: &mut Vec<u8>,
    ) {
        let custom = exchange
            .pool()
            .map_or(&[][..], |pool| &pool.response_headers);
        self.write_line(out);
        let replaced =
            |name: &str| headers::signs(name) || custom.iter().any(|custom| custom.is_named(name));
        for field in passed_on(self.fields, replaced) {
            fields::write(out, field.name, field.value);
        }
        self.write_length(framing, out);
        if let Some(member) = exchange.member() {
            headers::sign(out, &member.upstream.label);
        }
        if let Some(cookie) = exchange.cookie() {
            fields::write(out, "set-cookie", cookie.as_bytes());
        }
        for header in custom {
            header.write(out, connection.facts());
        }
    }

    fn write_line(&self, out: &mut Vec<u8>) {
        // A vector takes all that is written to it.
        let _ = write!(out, "HTTP/1.1 {} {}\r\n", self.status, self.reason);
    }

    /// An answer without a body may say how long it would have been: to HEAD, or not modified.
    fn write_length(&self, framing: Framing, out: &mut Vec<u8>) {
        let would_have = self.is_to_head() || self.status == 304;
        match field(self.fields, "content-length").next() {
            Some(length) if would_have => fields::write(out, "content-length", length),
            _ => write_framing(out, framing),
        }
    }
}
