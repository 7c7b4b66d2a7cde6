//! Under which names the console answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::visitor::Visitor;

/// The console's own names.
///
/// A page that somebody else wrote can reach a loopback server by a name of its own (DNS rebinding) and
/// would then share its origin; so the name decides, not only the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsoleHost {
    /// Any name over HTTPS, where the certificate vouches for it; over plain HTTP loopback only.
    Default,
    /// This name alone, as beside a foreign workload.
    Only(String),
}

impl ConsoleHost {
    /// `FLASKSCALE_CONSOLE_HOST`, or the default.
    pub(crate) fn from_setting(name: Option<String>) -> Self {
        name.filter(|name| !name.is_empty())
            .map_or(Self::Default, |name| Self::Only(name.to_ascii_lowercase()))
    }

    /// Whether a request may see the console at all.
    pub(crate) fn admits(&self, visitor: &Visitor) -> bool {
        let name = name_of(&visitor.host);
        let own = match self {
            Self::Default => visitor.https || is_loopback_name(&name),
            Self::Only(only) => name == *only,
        };
        own && (visitor.https || visitor.peer.is_loopback())
    }

    /// What everybody else is told.
    pub(crate) fn refusal(&self) -> String {
        match self {
            Self::Default => "The console answers over HTTPS, or on a loopback address.".to_owned(),
            Self::Only(name) => format!("The console answers under the host name {name}."),
        }
    }
}

fn name_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase()
}

fn is_loopback_name(name: &str) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || name
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| IpAddr::V6(address).to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(host: &str, https: bool, peer: [u8; 4]) -> Visitor {
        Visitor {
            address: peer.into(),
            peer: peer.into(),
            https,
            host: host.to_owned(),
        }
    }

    const HERE: [u8; 4] = [127, 0, 0, 1];
    const ELSEWHERE: [u8; 4] = [192, 0, 2, 1];

    #[test]
    fn over_plain_http_only_loopback_names_from_loopback_peers() {
        for host in [
            "127.0.0.1:8080",
            "localhost:3000",
            "console.localhost",
            "[::1]:8080",
            "LOCALHOST",
        ] {
            assert!(
                ConsoleHost::Default.admits(&visitor(host, false, HERE)),
                "{host}"
            );
            assert!(
                !ConsoleHost::Default.admits(&visitor(host, false, ELSEWHERE)),
                "{host}"
            );
        }
        for host in [
            "evil.example:8080",
            "",
            "localhost.evil.example",
            "192.0.2.1",
            "evillocalhost",
        ] {
            assert!(
                !ConsoleHost::Default.admits(&visitor(host, false, HERE)),
                "{host}"
            );
        }
    }

    #[test]
    fn over_https_the_certificate_vouches_for_the_name() {
        assert!(ConsoleHost::Default.admits(&visitor("example.com", true, ELSEWHERE)));
    }

    #[test]
    fn a_console_with_a_name_of_its_own_answers_to_no_other() {
        let only = ConsoleHost::from_setting(Some("Console.localhost".to_owned()));
        assert!(only.admits(&visitor("console.localhost:8081", false, HERE)));
        assert!(!only.admits(&visitor("127.0.0.1:8081", false, HERE)));
        assert_eq!(
            ConsoleHost::from_setting(Some(String::new())),
            ConsoleHost::Default
        );
    }
}
