//! Headers that a backend service adds, with variables (Compute v1, `customRequestHeaders` and
//! `customResponseHeaders`).

use std::borrow::Cow;
use std::net::SocketAddr;

use http::{HeaderName, HeaderValue};

use super::http1::write_field;

/// A header whose value may hold variables, as `X-Client:{client_ip_address}:{client_port}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHeader {
    name: HeaderName,
    value: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(Variable),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    ClientIp,
    ClientPort,
    ServerIp,
    ServerPort,
    Encrypted,
    Protocol,
    TlsServerName,
    TlsVersion,
    TlsCipherSuite,
    /// Known to Google and not to a laptop: where a client is, how far away, what a cache did.
    Unknown,
}

/// The variables that Google documents for both directions.
const VARIABLES: &[(&str, Variable)] = &[
    ("client_ip_address", Variable::ClientIp),
    ("client_port", Variable::ClientPort),
    ("server_ip_address", Variable::ServerIp),
    ("server_port", Variable::ServerPort),
    ("client_encrypted", Variable::Encrypted),
    ("client_protocol", Variable::Protocol),
    ("tls_sni_hostname", Variable::TlsServerName),
    ("tls_version", Variable::TlsVersion),
    ("tls_cipher_suite", Variable::TlsCipherSuite),
    ("client_region", Variable::Unknown),
    ("client_region_subdivision", Variable::Unknown),
    ("client_city", Variable::Unknown),
    ("client_city_lat_long", Variable::Unknown),
    ("client_rtt_msec", Variable::Unknown),
    ("cdn_cache_id", Variable::Unknown),
    ("cdn_cache_status", Variable::Unknown),
    ("origin_request_header", Variable::Unknown),
    ("tls_ja3_fingerprint", Variable::Unknown),
    ("tls_ja4_fingerprint", Variable::Unknown),
];

/// What the variables stand for in one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) tls: Option<&'a TlsFacts>,
}

/// What a TLS handshake has settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsFacts {
    pub(super) server_name: String,
    pub(super) version: &'static str,
    pub(super) cipher_suite: String,
}

impl CustomHeader {
    /// Reads `Name:value`. `None` for what is not a header or holds an unknown variable.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().parse().ok()?;
        let mut rest = value.trim();
        HeaderValue::from_str(rest).ok()?;
        let mut value = Vec::new();
        while let Some((text, behind)) = rest.split_once('{') {
            let (variable, behind) = behind.split_once('}')?;
            let (_, variable) = VARIABLES.iter().find(|(name, _)| *name == variable)?;
            value.push(Part::Text(text.to_owned()));
            value.push(Part::Variable(*variable));
            rest = behind;
        }
        value.push(Part::Text(rest.to_owned()));
        value.retain(|part| *part != Part::Text(String::new()));
        Some(Self { name, value })
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.as_str().eq_ignore_ascii_case(name)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, facts: Facts<'_>) {
        write_field(out, self.name.as_str(), self.value(facts).as_bytes());
    }

    fn value(&self, facts: Facts<'_>) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => variable.value(facts).into_owned(),
        };
        self.value.iter().map(text).collect()
    }
}

impl Variable {
    fn value(self, facts: Facts<'_>) -> Cow<'_, str> {
        let of_tls = |pick: fn(&TlsFacts) -> &str| facts.tls.map_or("", pick).into();
        match self {
            Self::ClientIp => facts.client.ip().to_string().into(),
            Self::ClientPort => facts.client.port().to_string().into(),
            Self::ServerIp => facts.server.ip().to_string().into(),
            Self::ServerPort => facts.server.port().to_string().into(),
            Self::Encrypted if facts.tls.is_some() => "true".into(),
            Self::Encrypted => "false".into(),
            Self::Protocol => "HTTP/1.1".into(),
            Self::TlsServerName => of_tls(|tls| &tls.server_name),
            Self::TlsVersion => of_tls(|tls| tls.version),
            Self::TlsCipherSuite => of_tls(|tls| &tls.cipher_suite),
            Self::Unknown => "".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn value(line: &str, tls: Option<&TlsFacts>) -> String {
        CustomHeader::parse(line).unwrap().value(Facts {
            client: ([203, 0, 113, 7], 5555).into(),
            server: ([127, 0, 0, 1], 8080).into(),
            tls,
        })
    }

    #[test]
    fn variables_are_replaced_and_the_rest_stays() {
        let line = "X-Client: {client_ip_address}:{client_port} at {server_port}!";
        assert_eq!(value(line, None), "203.0.113.7:5555 at 8080!");
        assert_eq!(value("X-Plain:as it is", None), "as it is");
        assert_eq!(value("X-Where:{client_region}", None), "");
    }

    #[test]
    fn a_secure_connection_is_told_apart() {
        let tls = TlsFacts {
            server_name: "a.test".to_owned(),
            version: "TLSv1.3",
            cipher_suite: "1301".to_owned(),
        };
        let line = "X-Tls:{client_encrypted} {tls_version} {tls_sni_hostname}";
        assert_eq!(value(line, Some(&tls)), "true TLSv1.3 a.test");
        assert_eq!(value(line, None), "false  ");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for line in [
            "no colon",
            "bad name: x",
            "X-A:{nobody_knows}",
            "X-A:{open",
            "X:a\nb",
        ] {
            assert_eq!(CustomHeader::parse(line), None, "{line}");
        }
    }
}
