//! Answers that send the client elsewhere.

use http::Uri;

use super::url_map::without_port;

/// Where to send a client instead (Compute v1, `HttpRedirectAction`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    pub https: bool,
    pub host: Option<String>,
    pub path: Option<Path>,
    pub strip_query: bool,
}

/// What becomes of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// It is replaced as a whole.
    Whole(String),
    /// What the rule's path covers of it is replaced, the rest stays.
    Prefix(String),
}

/// What a redirect needs to know of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) https: bool,
    pub(super) host: &'a str,
    pub(super) uri: &'a Uri,
    /// The path of the rule that led here.
    pub(super) rule: Option<&'a str>,
    /// The loopback port behind which the same address is served with HTTPS.
    pub(super) secure_port: Option<u16>,
}

impl Redirect {
    /// The value of `Location`.
    pub(super) fn location(&self, asked: Asked<'_>) -> String {
        let scheme = if self.https || asked.https {
            "https"
        } else {
            "http"
        };
        let host = match &self.host {
            Some(host) => host.clone(),
            None if self.https && !asked.https => secure_host(asked),
            None => asked.host.to_owned(),
        };
        let path = self.path_for(asked);
        let query = asked.uri.query().filter(|_| !self.strip_query);
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        format!("{scheme}://{host}{path}{query}")
    }

    fn path_for(&self, asked: Asked<'_>) -> String {
        let path = asked.uri.path();
        match &self.path {
            None => path.to_owned(),
            Some(Path::Whole(path)) => path.clone(),
            Some(Path::Prefix(prefix)) => {
                let covered = asked.rule.map_or("/", |rule| rule.trim_end_matches('*'));
                let rest = path.strip_prefix(covered).unwrap_or_default();
                format!("{prefix}{rest}")
            }
        }
    }
}

/// At Google the secure site is at port 443 of the same address. Here the address is loopback for
/// every rule, and the port tells them apart.
fn secure_host(asked: Asked<'_>) -> String {
    let name = without_port(asked.host);
    match asked.secure_port {
        Some(port) if is_loopback(name) => format!("{name}:{port}"),
        _ => name.to_owned(),
    }
}

fn is_loopback(name: &str) -> bool {
    matches!(name, "127.0.0.1" | "[::1]" | "localhost") || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn location(redirect: &Redirect, host: &str, uri: &str, rule: Option<&str>) -> String {
        redirect.location(Asked {
            https: false,
            host,
            uri: &uri.parse().unwrap(),
            rule,
            secure_port: Some(4433),
        })
    }

    #[test]
    fn a_redirect_to_https_keeps_host_path_and_query_and_drops_the_port() {
        let redirect = Redirect {
            https: true,
            ..Redirect::default()
        };
        let to = location(&redirect, "shop.test:80", "/a/b?c=d", None);
        assert_eq!(to, "https://shop.test/a/b?c=d");
    }

    #[test]
    fn on_loopback_it_leads_to_the_port_of_the_secure_rule() {
        let redirect = Redirect {
            https: true,
            ..Redirect::default()
        };
        let to = location(&redirect, "127.0.0.1:8080", "/", None);
        assert_eq!(to, "https://127.0.0.1:4433/");
    }

    #[test]
    fn a_prefix_takes_the_place_of_what_the_rule_covers() {
        let redirect = Redirect {
            path: Some(Path::Prefix("/new/".to_owned())),
            ..Redirect::default()
        };
        let to = location(&redirect, "h", "/old/a?b", Some("/old/*"));
        assert_eq!(to, "http://h/new/a?b");
        assert_eq!(location(&redirect, "h", "/a", None), "http://h/new/a");
    }

    #[test]
    fn a_whole_path_and_a_host_replace_what_was_asked() {
        let redirect = Redirect {
            host: Some("elsewhere.test".to_owned()),
            path: Some(Path::Whole("/moved".to_owned())),
            strip_query: true,
            ..Redirect::default()
        };
        let to = location(&redirect, "h:1", "/a?b", None);
        assert_eq!(to, "http://elsewhere.test/moved");
    }
}
