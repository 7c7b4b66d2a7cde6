use std::{fmt, net::IpAddr};

/// What an image is called: `us-central1-docker.pkg.dev/PROJECT/REPOSITORY/app:1`, with or without
/// `@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As it was written, without a digest.
    name: String,
    /// Host and port, as in a URL.
    pub(crate) authority: String,
    /// The path below the registry.
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) digest: Option<String>,
}

const DOCKER_HUB: &str = "docker.io";
/// Where Docker Hub answers, which is not where it says to be.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

impl Reference {
    /// Reads what Docker reads: the first part is a host if it looks like one, else all of it is a path
    /// at Docker Hub. `None` if it is no reference.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (path, tag) = match name.rsplit_once(':') {
            // A colon before a slash is that of a port.
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ => (name, "latest"),
        };
        let (host, repository) = match path.split_once('/') {
            Some((host, rest)) if is_host(host) => (host, rest.to_owned()),
            Some(_) => (DOCKER_HUB, path.to_owned()),
            None => (DOCKER_HUB, format!("library/{path}")),
        };
        let authority = match host {
            DOCKER_HUB => DOCKER_HUB_API,
            other => other,
        };
        let is_valid = is_repository(&repository)
            && is_tag(tag)
            && digest.is_none_or(is_digest)
            && begins_as_host(authority)
            && url_host(authority).is_some();
        is_valid.then(|| Self {
            name: format!("{path}:{tag}"),
            authority: authority.to_owned(),
            repository,
            tag: tag.to_owned(),
            digest: digest.map(str::to_owned),
        })
    }

    /// The same image for good: a tag can be moved, a digest is the content's own.
    pub(crate) fn pinned(&self, digest: &str) -> Self {
        Self {
            digest: Some(digest.to_owned()),
            ..self.clone()
        }
    }

    /// Whether the names are the same, whatever they lead to.
    pub(crate) fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Whether its registry is on this machine, where there is no TLS.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        url_host(&self.authority).is_some_and(|host| is_loopback(&host))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

/// A name or an address in brackets; a path upwards is neither.
fn begins_as_host(authority: &str) -> bool {
    authority.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
}

fn is_repository(path: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    path.split('/').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric()) && part.bytes().all(allowed)
    })
}

fn is_tag(tag: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.bytes().all(allowed)
}

/// The one algorithm that every registry has.
fn is_digest(digest: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digest
        .strip_prefix("sha256:")
        .is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

fn url_host(authority: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("https://{authority}/")).ok()?;
    Some(url.host_str()?.to_owned())
}

/// Whether a URL's host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_name_is_read_as_docker_reads_it() {
        for (text, authority, repository, tag) in [
            ("app", DOCKER_HUB_API, "library/app", "latest"),
            ("me/app:1", DOCKER_HUB_API, "me/app", "1"),
            (
                "docker.io/library/app:1",
                DOCKER_HUB_API,
                "library/app",
                "1",
            ),
            ("localhost/app", "localhost", "app", "latest"),
            ("127.0.0.1:5000/a/b:v1.2", "127.0.0.1:5000", "a/b", "v1.2"),
            (
                "us-central1-docker.pkg.dev/p/web/app:1",
                "us-central1-docker.pkg.dev",
                "p/web/app",
                "1",
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.authority, authority, "{text}");
            assert_eq!(reference.repository, repository, "{text}");
            assert_eq!(reference.tag, tag, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let short = "app@sha256:0123";
        for text in [
            "",
            "App",
            "a//b",
            "app:",
            "app:-1",
            short,
            "app@md5:0",
            "host:port/app",
            "../app",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_pinned_name_keeps_its_tag_and_is_read_again() {
        let reference = Reference::parse("localhost:5000/app").unwrap();
        let pinned = reference.pinned(DIGEST);
        let text = format!("localhost:5000/app:latest@{DIGEST}");
        assert_eq!(pinned.to_string(), text);
        assert_eq!(Reference::parse(&text), Some(pinned));
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        for (text, expected) in [
            ("localhost:5000/app", true),
            ("127.0.0.1:5000/app", true),
            ("[::1]:5000/app", true),
            ("localhost.example.com/app", false),
            ("127.0.0.1.example.com/app", false),
            ("app", false),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.is_on_this_machine(), expected, "{text}");
        }
    }
}
