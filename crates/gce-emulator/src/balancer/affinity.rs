//! Session affinity: which backend a client comes back to.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::http1::{Fields, field};

/// What ties a client to a backend (Compute v1, `sessionAffinity`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Affinity {
    #[default]
    None,
    /// The address of the client.
    ClientIp,
    /// A cookie of Google's own that names the backend.
    GeneratedCookie {
        name: &'static str,
        /// `None` for a cookie that ends with the browser's session.
        ttl: Option<Duration>,
    },
    /// A cookie of the site's, made if the client brings none.
    HttpCookie {
        name: String,
        path: String,
        ttl: Option<Duration>,
    },
    /// The value of a header.
    Header(String),
}

/// What a request asks for by its affinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Any,
    /// The backend with this mark, if it can be had.
    Marked(u64),
    /// Always the same backend for this number, as long as the backends are the same.
    Hashed(u64),
}

impl Affinity {
    pub(super) fn wish(&self, fields: &Fields<'_>, client: IpAddr) -> Wish {
        let found = match self {
            Self::None => None,
            Self::ClientIp => Some(Wish::Hashed(mark(client.to_string().as_bytes()))),
            Self::GeneratedCookie { name, .. } => {
                cookie(fields, name).and_then(decode).map(Wish::Marked)
            }
            Self::HttpCookie { name, .. } => {
                cookie(fields, name).map(|value| Wish::Hashed(mark(value.as_bytes())))
            }
            Self::Header(name) => field(fields, name)
                .next()
                .map(|value| Wish::Hashed(mark(value))),
        };
        found.unwrap_or(Wish::Any)
    }

    /// The wish of a client that is new here and will be told what to ask for the next time.
    pub(super) fn first_wish(&self, wish: Wish) -> (Wish, Option<String>) {
        match self {
            Self::HttpCookie { name, path, ttl } if wish == Wish::Any => {
                let value = encode(rand::random::<u64>());
                let hashed = Wish::Hashed(mark(value.as_bytes()));
                (hashed, Some(set_cookie(name, &value, path, *ttl)))
            }
            _ => (wish, None),
        }
    }

    /// The cookie for a client that wished for something else than the backend it got.
    pub(super) fn cookie_for(&self, wish: Wish, backend: u64) -> Option<String> {
        match self {
            Self::GeneratedCookie { name, ttl } if wish != Wish::Marked(backend) => {
                Some(set_cookie(name, &encode(backend), "/", *ttl))
            }
            _ => None,
        }
    }
}

/// A number for a name, the same in every run (FNV-1a).
pub(super) fn mark(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// How well a backend suits a number: the one with the highest score is chosen, so that a backend
/// which comes or goes moves no client but its own.
pub(super) fn score(hash: u64, backend: u64) -> u64 {
    let mut mixed = hash ^ backend.rotate_left(32);
    // The finalizer of SplitMix64: every bit of the input reaches every bit of the output.
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn set_cookie(name: &str, value: &str, path: &str, ttl: Option<Duration>) -> String {
    let age = ttl.map_or_else(String::new, |ttl| format!("; Max-Age={}", ttl.as_secs()));
    format!("{name}={value}; path={path}; HttpOnly{age}")
}

fn encode(number: u64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_be_bytes())
}

fn decode(text: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn cookie<'a>(fields: &'a Fields<'_>, name: &str) -> Option<&'a str> {
    let lines = field(fields, "cookie").filter_map(|line| std::str::from_utf8(line).ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::net::Ipv4Addr;

    use httparse::Header;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    const COOKIES: Affinity = Affinity::GeneratedCookie {
        name: "GCLB",
        ttl: None,
    };

    fn with_cookie(line: &str) -> [Header<'_>; 1] {
        [Header {
            name: "Cookie",
            value: line.as_bytes(),
        }]
    }

    #[test]
    fn a_generated_cookie_brings_its_client_back() {
        let line = COOKIES.cookie_for(Wish::Any, 7).unwrap();
        let (pair, attributes) = line.split_once("; ").unwrap();
        assert_eq!(attributes, "path=/; HttpOnly");
        let line = format!("a=b; {pair}; c=d");
        let wish = COOKIES.wish(&with_cookie(&line), CLIENT);
        assert_eq!(wish, Wish::Marked(7));
        assert_eq!(COOKIES.cookie_for(wish, 7), None);
        assert!(COOKIES.cookie_for(wish, 8).is_some());
    }

    #[test]
    fn a_cookie_that_is_not_ours_counts_for_nothing() {
        for line in [
            "GCLB=",
            "GCLB=short",
            "GCLB=%%%",
            "other=AAAAAAAAAAc",
            "GCLB",
        ] {
            assert_eq!(
                COOKIES.wish(&with_cookie(line), CLIENT),
                Wish::Any,
                "{line}"
            );
        }
    }

    #[test]
    fn a_time_to_live_becomes_the_age_of_the_cookie() {
        let affinity = Affinity::GeneratedCookie {
            name: "GCLB",
            ttl: Some(Duration::from_mins(1)),
        };
        let line = affinity.cookie_for(Wish::Any, 7).unwrap();
        assert!(line.ends_with("; Max-Age=60"), "{line}");
    }

    #[test]
    fn a_cookie_of_the_sites_is_made_for_a_new_client_and_wishes_the_same_ever_after() {
        let affinity = Affinity::HttpCookie {
            name: "sid".to_owned(),
            path: "/app".to_owned(),
            ttl: None,
        };
        let (first, line) = affinity.first_wish(Wish::Any);
        let line = line.unwrap();
        assert!(line.ends_with("; path=/app; HttpOnly"), "{line}");
        let brought = with_cookie(line.split_once(';').unwrap().0);
        assert_eq!(affinity.wish(&brought, CLIENT), first);
        assert_eq!(affinity.first_wish(first), (first, None));
    }

    #[test]
    fn clients_spread_over_the_backends_and_stay_when_another_one_leaves() {
        let backends: Vec<u64> = (0..4_u32).map(|n| mark(&n.to_be_bytes())).collect();
        let best = |client: u64, backends: &[u64]| {
            let best = backends.iter().max_by_key(|b| score(client, **b));
            *best.unwrap()
        };
        let mut clients = [0; 4];
        for number in 0..400_u32 {
            let client = mark(&number.to_be_bytes());
            let chosen = best(client, &backends);
            clients[backends.iter().position(|b| *b == chosen).unwrap()] += 1;
            let after = best(client, &backends[..3]);
            assert!(chosen == backends[3] || after == chosen);
        }
        assert!(clients.iter().all(|count| *count > 50), "{clients:?}");
    }
}
