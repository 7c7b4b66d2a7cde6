//! Who sent a request, as far as it can be believed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, header::HOST},
};

/// Which proxy stands in front of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// None: forwarding headers are a stranger's words.
    None,
    /// Google's balancer or the local one. Both append `client, balancer` to `X-Forwarded-For` and
    /// set `X-Forwarded-Proto`.
    Google,
}

/// What is known about the sender of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The client's address.
    pub(crate) address: IpAddr,
    /// The other end of the connection: the client or the proxy.
    pub(crate) peer: IpAddr,
    /// Whether the browser speaks HTTPS, with us or with the proxy.
    pub(crate) https: bool,
    /// The host and port that the browser asked for.
    pub(crate) host: String,
}

impl Visitor {
    /// Reads the request's connection and headers.
    pub(crate) fn of<B>(request: &Request<B>, proxy: &Proxy) -> Self {
        let peer = peer(request);
        let headers = request.headers();
        let forwarded = (*proxy == Proxy::Google)
            .then(|| forwarded_client(headers))
            .flatten();
        Self {
            address: forwarded.unwrap_or(peer),
            peer,
            https: *proxy == Proxy::Google && text(headers, "x-forwarded-proto") == Some("https"),
            host: request
                .uri()
                .authority()
                .map_or_else(
                    || text(headers, HOST.as_str()).unwrap_or(""),
                    |authority| authority.as_str(),
                )
                .to_owned(),
        }
    }
}

/// The other end of the connection. The accept loop always knows it; without it nobody is trusted.
pub(crate) fn peer<B>(request: &Request<B>) -> IpAddr {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| {
            peer.ip().to_canonical()
        })
}

/// The second from the end: whatever stands left of it, the client wrote itself.
///
/// A client may also send several such headers; together they are one list.
fn forwarded_client(headers: &HeaderMap) -> Option<IpAddr> {
    let all: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    all.get(all.len().checked_sub(2)?)?.trim().parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::body::Body;

    use super::*;

    const BALANCER: [u8; 4] = [127, 0, 0, 1];

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().uri("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((BALANCER, 5))));
        request
    }

    #[test]
    fn behind_the_balancer_the_client_is_the_second_from_the_end() {
        let request = request(&[("x-forwarded-for", "6.6.6.6, 203.0.113.7,35.191.0.1")]);
        assert_eq!(
            Visitor::of(&request, &Proxy::Google).address,
            IpAddr::from([203, 0, 113, 7])
        );
        assert_eq!(
            Visitor::of(&request, &Proxy::None).address,
            IpAddr::from(BALANCER)
        );
    }

    #[test]
    fn headers_that_the_client_repeats_are_one_list() {
        let request = request(&[
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "203.0.113.7, 35.191.0.1"),
        ]);
        assert_eq!(
            Visitor::of(&request, &Proxy::Google).address,
            IpAddr::from([203, 0, 113, 7])
        );
    }

    #[test]
    fn a_broken_list_names_the_peer() {
        for list in ["", "x, y", "203.0.113.7"] {
            let request = request(&[("x-forwarded-for", list)]);
            assert_eq!(
                Visitor::of(&request, &Proxy::Google).address,
                IpAddr::from(BALANCER),
                "{list}"
            );
        }
    }

    #[test]
    fn a_client_cannot_claim_https() {
        let request = request(&[("x-forwarded-proto", "https")]);
        assert!(!Visitor::of(&request, &Proxy::None).https);
        assert!(Visitor::of(&request, &Proxy::Google).https);
    }
}
