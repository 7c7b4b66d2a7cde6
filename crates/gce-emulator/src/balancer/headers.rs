//! The headers that Google's load balancer adds, in both directions.

use std::io::Write;

use http::HeaderValue;

use super::connection::Connection;
use super::http1::{Fields, field, write_field};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const CLOUD_TRACE: &str = "x-cloud-trace-context";
const TRACE_PARENT: &str = "traceparent";
const SERVED_BY: &str = "x-served-by";
const VIA: &str = "via";
const VIA_GOOGLE: &[u8] = b"1.1 google";

/// Whether [`forward`] takes the place of a request's field.
pub(super) fn replaces(name: &str) -> bool {
    let ours = [FORWARDED_FOR, FORWARDED_PROTO, VIA];
    ours.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Tells the backend where a request with these fields came from.
///
/// The client is the *second from the end* of `X-Forwarded-For`. What stands left of it is what the
/// client itself sent, and must not be believed.
pub(super) fn forward(out: &mut Vec<u8>, fields: &Fields<'_>, connection: &Connection) {
    out.extend_from_slice(b"x-forwarded-for: ");
    for supplied in field(fields, FORWARDED_FOR) {
        out.extend_from_slice(supplied);
        out.push(b',');
    }
    out.extend_from_slice(connection.route.as_bytes());
    out.extend_from_slice(b"\r\n");
    let proto: &[u8] = if connection.tls.is_some() {
        b"https"
    } else {
        b"http"
    };
    write_field(out, FORWARDED_PROTO, proto);
    write_field(out, VIA, VIA_GOOGLE);
}

/// Whether [`sign`] takes the place of an answer's field.
pub(super) fn signs(name: &str) -> bool {
    name.eq_ignore_ascii_case(VIA) || name.eq_ignore_ascii_case(SERVED_BY)
}

/// Tells the client which instance answered.
pub(super) fn sign(out: &mut Vec<u8>, instance: &HeaderValue) {
    write_field(out, VIA, VIA_GOOGLE);
    write_field(out, SERVED_BY, instance.as_bytes());
}

/// What a request needs to have a trace in Google's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// It has one.
    Kept,
    /// The client began it in the form of W3C.
    Continued { trace: u128, span: u64 },
    /// A new one, unsampled, in both forms.
    New { trace: u128, span: u64 },
}

impl Trace {
    pub(super) fn of(fields: &Fields<'_>) -> Self {
        if field(fields, CLOUD_TRACE).next().is_some() {
            return Self::Kept;
        }
        let parent = field(fields, TRACE_PARENT).next();
        let parent = parent.and_then(|value| parse_parent(std::str::from_utf8(value).ok()?));
        if let Some((trace, span)) = parent {
            return Self::Continued { trace, span };
        }
        // An id of zero means "none" in both forms.
        Self::New {
            trace: rand::random::<u128>().max(1),
            span: rand::random::<u64>().max(1),
        }
    }

    /// Whether it takes the place of a request's field.
    pub(super) fn replaces(self, name: &str) -> bool {
        matches!(self, Self::New { .. }) && name.eq_ignore_ascii_case(TRACE_PARENT)
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        // A vector takes all that is written to it.
        match self {
            Self::Kept => {}
            Self::Continued { trace, span } => {
                let _ = write!(out, "{CLOUD_TRACE}: {trace:032x}/{span};o=0\r\n");
            }
            Self::New { trace, span } => {
                let _ = write!(
                    out,
                    "{CLOUD_TRACE}: {trace:032x}/{span};o=0\r\n\
                     {TRACE_PARENT}: 00-{trace:032x}-{span:016x}-00\r\n"
                );
            }
        }
    }
}

/// The ids in `00-TRACE-SPAN-FLAGS`.
fn parse_parent(parent: &str) -> Option<(u128, u64)> {
    let mut parts = parent.split('-').skip(1);
    let trace = u128::from_str_radix(parts.next()?, 16).ok()?;
    let span = u64::from_str_radix(parts.next()?, 16).ok()?;
    Some((trace, span))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use httparse::Header;

    use super::*;

    /// What a backend gets of a request with these fields, without those that are passed on.
    fn forwarded(supplied: &[(&'static str, &'static str)]) -> Vec<String> {
        let field = |(name, value): &(&'static str, &'static str)| Header {
            name,
            value: value.as_bytes(),
        };
        let fields: Vec<_> = supplied.iter().map(field).collect();
        let client = ([203, 0, 113, 7], 5555).into();
        let connection = Connection::new(client, ([127, 0, 0, 1], 80).into(), None);
        let mut out = Vec::new();
        forward(&mut out, &fields, &connection);
        Trace::of(&fields).write(&mut out);
        let out = String::from_utf8(out).unwrap();
        out.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_client_is_the_second_from_the_end() {
        assert_eq!(forwarded(&[])[0], "x-forwarded-for: 203.0.113.7,127.0.0.1");
    }

    #[test]
    fn what_the_client_claims_stays_left_of_it() {
        let lines = forwarded(&[
            ("X-Forwarded-For", "1.2.3.4"),
            ("x-forwarded-for", "5.6.7.8"),
        ]);
        let expected = "x-forwarded-for: 1.2.3.4,5.6.7.8,203.0.113.7,127.0.0.1";
        assert_eq!(lines[0], expected);
    }

    #[test]
    fn a_client_cannot_claim_a_protocol_or_a_proxy() {
        assert!(replaces("X-Forwarded-Proto") && replaces("Via"));
        let lines = forwarded(&[("x-forwarded-proto", "https"), ("via", "1.0 fred")]);
        assert_eq!(lines[1..3], ["x-forwarded-proto: http", "via: 1.1 google"]);
    }

    #[test]
    fn a_trace_is_begun_once() {
        let lines = forwarded(&[("traceparent", "not a parent")]);
        assert!(lines[3].starts_with("x-cloud-trace-context: "), "{lines:?}");
        assert!(lines[4].starts_with("traceparent: 00-"), "{lines:?}");
        let traced = forwarded(&[("X-Cloud-Trace-Context", "abc/1;o=1")]);
        assert_eq!(traced.len(), 3, "{traced:?}");
    }

    #[test]
    fn a_trace_in_the_other_form_is_continued() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-01";
        let lines = forwarded(&[("traceparent", parent)]);
        let expected = "x-cloud-trace-context: 0af7651916cd43dd8448eb211c80319c/255;o=0";
        assert_eq!(lines[3..], [expected]);
    }
}
