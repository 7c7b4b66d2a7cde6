//! Which part of a URL map a request belongs to, by Google's rules of precedence.

/// What answers a request, by its host and path (Compute v1, `UrlMap`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlMap<T> {
    /// Answers the hosts that no rule names.
    pub default: T,
    pub hosts: Vec<HostRule<T>>,
}

/// The paths of some hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule<T> {
    /// Lower-case names; `*` at the front stands for any beginning, alone for any host.
    pub hosts: Vec<String>,
    /// Answers the paths that no rule names.
    pub default: T,
    pub paths: Vec<PathRule<T>>,
}

/// One path, or all paths under one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule<T> {
    /// `/a` is that path alone; `/a/*` is everything under `/a/`, that path included.
    pub path: String,
    pub target: T,
}

impl<T> UrlMap<T> {
    /// A map that gives every request the same answer.
    pub fn to(default: T) -> Self {
        Self {
            default,
            hosts: Vec::new(),
        }
    }

    /// What answers `path` at `host`, as the `Host` header has it.
    pub fn find(&self, host: &str, path: &str) -> &T {
        if self.hosts.is_empty() {
            return &self.default;
        }
        let host = without_port(host).to_ascii_lowercase();
        let found = self.hosts.iter().filter_map(|rule| {
            let matching = rule.hosts.iter().filter(|pattern| names(pattern, &host));
            Some((matching.map(|pattern| precedence(pattern)).max()?, rule))
        });
        found
            .max_by_key(|(precedence, _)| *precedence)
            .map_or(&self.default, |(_, rule)| rule.find(path))
    }

    /// All targets, each one once for every path rule that leads to it.
    pub fn targets(&self) -> impl Iterator<Item = &T> {
        let of_hosts = self.hosts.iter().flat_map(|host| {
            let paths = host.paths.iter().map(|rule| &rule.target);
            std::iter::once(&host.default).chain(paths)
        });
        std::iter::once(&self.default).chain(of_hosts)
    }

    /// The same rules with other targets; `make` learns the path of the rule, if it is one's.
    pub(crate) fn map<U>(&self, mut make: impl FnMut(&T, Option<&str>) -> U) -> UrlMap<U> {
        UrlMap {
            default: make(&self.default, None),
            hosts: self
                .hosts
                .iter()
                .map(|host| HostRule {
                    hosts: host.hosts.clone(),
                    default: make(&host.default, None),
                    paths: host.paths.iter().map(|rule| rule.map(&mut make)).collect(),
                })
                .collect(),
        }
    }
}

impl<T> HostRule<T> {
    /// The longest path wins, whatever the order of the rules; an exact one wins over its like.
    fn find(&self, path: &str) -> &T {
        let matching = self.paths.iter().filter(|rule| rule.covers(path));
        matching
            .max_by_key(|rule| (rule.path.len(), !rule.path.ends_with('*')))
            .map_or(&self.default, |rule| &rule.target)
    }
}

impl<T> PathRule<T> {
    fn covers(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.path,
        }
    }

    fn map<U>(&self, make: &mut impl FnMut(&T, Option<&str>) -> U) -> PathRule<U> {
        PathRule {
            path: self.path.clone(),
            target: make(&self.target, Some(&self.path)),
        }
    }
}

/// A host without its port; the brackets of an IPv6 address stay.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn names(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(ending) => host.ends_with(ending),
        None => host == pattern,
    }
}

/// A whole name before a wildcard, and of two wildcards the longer one.
fn precedence(pattern: &str) -> (bool, usize) {
    (!pattern.starts_with('*'), pattern.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(hosts: &[&str], default: &'static str, paths: &[&str]) -> HostRule<String> {
        let rule = |path: &&str| PathRule {
            path: (*path).to_owned(),
            target: format!("{default}:{path}"),
        };
        HostRule {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            default: default.to_owned(),
            paths: paths.iter().map(rule).collect(),
        }
    }

    fn map(hosts: Vec<HostRule<String>>) -> UrlMap<String> {
        let default = "nobody".to_owned();
        UrlMap { default, hosts }
    }

    #[test]
    fn a_host_that_no_rule_names_gets_the_default() {
        let map = map(vec![host(&["a.test"], "a", &["/x"])]);
        assert_eq!(map.find("b.test", "/x"), "nobody");
        assert_eq!(UrlMap::to("all").find("", "/"), &"all");
    }

    #[test]
    fn a_whole_name_wins_over_a_wildcard_and_a_long_wildcard_over_a_short_one() {
        let map = map(vec![
            host(&["*"], "any", &[]),
            host(&["*.test", "*-old.test"], "wild", &[]),
            host(&["*.shop.test"], "shops", &[]),
            host(&["a.shop.test"], "a", &[]),
        ]);
        for (asked, answer) in [
            ("a.shop.test", "a"),
            ("b.shop.test", "shops"),
            ("shop.test", "wild"),
            ("very-old.test", "wild"),
            ("elsewhere", "any"),
        ] {
            assert_eq!(map.find(asked, "/"), answer, "{asked}");
        }
    }

    #[test]
    fn neither_case_nor_port_matters_in_a_host() {
        let map = map(vec![host(&["a.test"], "a", &[])]);
        assert_eq!(map.find("A.Test:8080", "/"), "a");
        assert_eq!(without_port("[::1]:80"), "[::1]");
        assert_eq!(without_port("a.test"), "a.test");
    }

    #[test]
    fn the_longest_path_wins_in_whatever_order_they_are_given() {
        let paths = ["/*", "/video/hd/*", "/video/*", "/video", "/video/hd/first"];
        let mut turned = paths;
        turned.reverse();
        for paths in [paths, turned] {
            let map = map(vec![host(&["*"], "m", &paths)]);
            for (asked, answer) in [
                ("/", "m:/*"),
                ("/video", "m:/video"),
                ("/videos", "m:/*"),
                ("/video/", "m:/video/*"),
                ("/video/sd/1", "m:/video/*"),
                ("/video/hd/1", "m:/video/hd/*"),
                ("/video/hd/first", "m:/video/hd/first"),
            ] {
                assert_eq!(map.find("h", asked), answer, "{asked}");
            }
        }
    }

    #[test]
    fn a_path_that_no_rule_names_gets_the_default_of_its_host() {
        let map = map(vec![host(&["*"], "m", &["/video/*"])]);
        for asked in ["/video", "/Video/1", "/"] {
            assert_eq!(map.find("h", asked), "m", "{asked}");
        }
    }
}
