//! The headers that Google's load balancer adds, in both directions.

use std::io::Write;
use std::net::IpAddr;

use http::header::VIA;
use http::{HeaderMap, HeaderValue};
use pingora_core::Result;
use pingora_http::{RequestHeader, ResponseHeader};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const CLOUD_TRACE: &str = "x-cloud-trace-context";
const TRACE_PARENT: &str = "traceparent";
const SERVED_BY: &str = "x-served-by";
const VIA_GOOGLE: &str = "1.1 google";

/// Tells the backend where a request came from.
///
/// The client is the *second from the end* of `X-Forwarded-For`. What stands left of it is what the
/// client itself sent, and must not be believed.
pub(super) fn forward(
    request: &mut RequestHeader,
    client: IpAddr,
    balancer: IpAddr,
    secure: bool,
) -> Result<()> {
    let forwarded_for = forwarded_for(&request.headers, client, balancer);
    request.insert_header(FORWARDED_FOR, forwarded_for)?;
    let proto = HeaderValue::from_static(if secure { "https" } else { "http" });
    request.insert_header(FORWARDED_PROTO, proto)?;
    request.insert_header(VIA, HeaderValue::from_static(VIA_GOOGLE))?;
    trace(request)
}

/// Tells the client which instance answered.
pub(super) fn sign(response: &mut ResponseHeader, instance: HeaderValue) -> Result<()> {
    response.insert_header(VIA, HeaderValue::from_static(VIA_GOOGLE))?;
    response.insert_header(SERVED_BY, instance)
}

fn forwarded_for(headers: &HeaderMap, client: IpAddr, balancer: IpAddr) -> Vec<u8> {
    let mut value = Vec::new();
    for supplied in headers.get_all(FORWARDED_FOR) {
        value.extend_from_slice(supplied.as_bytes());
        value.push(b',');
    }
    // A vector takes all that is written to it.
    let _ = write!(value, "{client},{balancer}");
    value
}

/// Gives the request a trace in Google's form, unless it has one: the trace that the client began in
/// the form of W3C, or a new one, unsampled, in both forms.
fn trace(request: &mut RequestHeader) -> Result<()> {
    if request.headers.contains_key(CLOUD_TRACE) {
        return Ok(());
    }
    let parent = request
        .headers
        .get(TRACE_PARENT)
        .and_then(|value| value.to_str().ok());
    if let Some((trace, span)) = parent.and_then(parse_parent) {
        return request.insert_header(CLOUD_TRACE, format!("{trace:032x}/{span};o=0"));
    }
    // An id of zero means "none" in both forms.
    let trace = rand::random::<u128>().max(1);
    let span = rand::random::<u64>().max(1);
    request.insert_header(CLOUD_TRACE, format!("{trace:032x}/{span};o=0"))?;
    request.insert_header(TRACE_PARENT, format!("00-{trace:032x}-{span:016x}-00"))
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

    use std::net::Ipv4Addr;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
    const BALANCER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn forwarded(supplied: &[(&'static str, &str)]) -> RequestHeader {
        let mut request = RequestHeader::build("GET", b"/", None).unwrap();
        for (name, value) in supplied {
            request.append_header(*name, *value).unwrap();
        }
        forward(&mut request, CLIENT, BALANCER, false).unwrap();
        request
    }

    fn value<'a>(request: &'a RequestHeader, name: &str) -> Vec<&'a str> {
        request
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    #[test]
    fn the_client_is_the_second_from_the_end() {
        let request = forwarded(&[]);
        assert_eq!(
            value(&request, "x-forwarded-for"),
            ["203.0.113.7,127.0.0.1"]
        );
    }

    #[test]
    fn what_the_client_claims_stays_left_of_it() {
        let request = forwarded(&[
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-for", "5.6.7.8"),
        ]);
        let expected = "1.2.3.4,5.6.7.8,203.0.113.7,127.0.0.1";
        assert_eq!(value(&request, "x-forwarded-for"), [expected]);
    }

    #[test]
    fn a_client_cannot_claim_a_protocol_or_a_proxy() {
        let request = forwarded(&[("x-forwarded-proto", "https"), ("via", "1.0 fred")]);
        assert_eq!(value(&request, "x-forwarded-proto"), ["http"]);
        assert_eq!(value(&request, "via"), ["1.1 google"]);
    }

    #[test]
    fn a_trace_is_begun_once() {
        let request = forwarded(&[]);
        assert_eq!(value(&request, "x-cloud-trace-context").len(), 1);
        let request = forwarded(&[("x-cloud-trace-context", "abc/1;o=1")]);
        assert_eq!(value(&request, "x-cloud-trace-context"), ["abc/1;o=1"]);
    }

    #[test]
    fn a_trace_in_the_other_form_is_continued() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-01";
        let request = forwarded(&[("traceparent", parent)]);
        let expected = "0af7651916cd43dd8448eb211c80319c/255;o=0";
        assert_eq!(value(&request, "x-cloud-trace-context"), [expected]);
        assert_eq!(value(&request, "traceparent"), [parent]);
    }
}
