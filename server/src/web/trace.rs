//! Which trace a request belongs to, as the balancer or the caller says.

use axum::http::HeaderMap;

/// A request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 hexadecimal digits.
    pub(crate) trace_id: String,
    /// The caller's span, 16 hexadecimal digits.
    pub(crate) span_id: Option<String>,
    /// Whether the caller records this trace.
    pub(crate) sampled: bool,
}

impl TraceContext {
    /// Reads `traceparent`, else Google's older `X-Cloud-Trace-Context`. Both are a stranger's words,
    /// so nothing but digits of the right number goes on.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        text("traceparent")
            .and_then(from_w3c)
            .or_else(|| text("x-cloud-trace-context").and_then(from_google))
    }
}

/// `00-TRACE-SPAN-FLAGS` (W3C Trace Context, 3.2).
fn from_w3c(header: &str) -> Option<TraceContext> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !is_hex(version, 2) || version == "ff" || !is_hex(flags, 2) {
        return None;
    }
    Some(TraceContext {
        trace_id: id(trace, 32)?,
        span_id: Some(id(span, 16)?),
        sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
    })
}

/// `TRACE/SPAN;o=1`, whose span is a decimal number and may be missing.
fn from_google(header: &str) -> Option<TraceContext> {
    let (path, options) = header.split_once(';').unwrap_or((header, ""));
    let (trace, span) = path.split_once('/').unwrap_or((path, ""));
    let span: Option<u64> = span.parse().ok().filter(|span| *span != 0);
    Some(TraceContext {
        trace_id: id(trace, 32)?,
        span_id: span.map(|span| format!("{span:016x}")),
        sampled: options == "o=1",
    })
}

/// An id of zeros means that there is none.
fn id(text: &str, digits: usize) -> Option<String> {
    let is_one = is_hex(text, digits) && text.bytes().any(|digit| digit != b'0');
    is_one.then(|| text.to_ascii_lowercase())
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::HeaderName;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(headers: &[(&'static str, &str)]) -> Option<TraceContext> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        TraceContext::of(&pairs.collect())
    }

    #[test]
    fn the_standards_header_comes_before_googles() {
        let standard = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let context = of(&[
            ("traceparent", &standard),
            (
                "x-cloud-trace-context",
                "105445aa7843bc8bf206b12000100000/1",
            ),
        ]);
        let context = context.unwrap();
        assert_eq!(context.trace_id, TRACE);
        assert_eq!(context.span_id.as_deref(), Some("00f067aa0ba902b7"));
        assert!(context.sampled);
    }

    #[test]
    fn googles_span_is_a_decimal_number() {
        let header = format!("{TRACE}/74;o=1");
        let context = of(&[("x-cloud-trace-context", &header)]).unwrap();
        assert_eq!(context.span_id.as_deref(), Some("000000000000004a"));
        assert!(context.sampled);
        let context = of(&[("x-cloud-trace-context", TRACE)]).unwrap();
        assert_eq!((context.span_id, context.sampled), (None, false));
    }

    #[test]
    fn what_is_no_id_is_no_trace() {
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        for header in ["", "00", "00-xyz-1-01", "nonsense/1;o=1", &zeros] {
            assert_eq!(of(&[("traceparent", header)]), None, "{header}");
            assert_eq!(of(&[("x-cloud-trace-context", header)]), None, "{header}");
        }
    }
}
