//! What a URL map would do with a request, and whether that is what its tests expect.

use serde_json::{Map, Value, json};

type Body = Map<String, Value>;

/// The failures of a map's tests, as Google reports them.
pub(super) fn failures(map: &Body) -> Vec<Value> {
    list(map, "tests")
        .filter_map(|test| failure(map, test))
        .collect()
}

fn failure(map: &Body, test: &Value) -> Option<Value> {
    let text = |field: &str| test[field].as_str().unwrap_or_default();
    let (host, path) = (text("host"), text("path"));
    let outcome = Outcome::of(map, host, path);
    let mut failure = json!({"host": host, "path": path});
    let mut wrong = false;
    let mut compare = |field: &str, expected: &Value, shown: [&str; 2], actual: Value| {
        if !test[field].is_null() && *expected != actual {
            wrong = true;
            failure[shown[0]] = expected.clone();
            failure[shown[1]] = actual;
        }
    };
    compare(
        "service",
        &test["service"],
        ["expectedService", "actualService"],
        outcome.service.map_or(Value::Null, Value::clone),
    );
    compare(
        "expectedRedirectResponseCode",
        &test["expectedRedirectResponseCode"],
        ["expectedRedirectResponseCode", "actualRedirectResponseCode"],
        outcome.redirect.map_or(Value::Null, redirect_code),
    );
    wrong.then_some(failure)
}

/// Where a request goes: to a service or, by a redirect, away.
#[derive(Debug, Default)]
struct Outcome<'a> {
    service: Option<&'a Value>,
    redirect: Option<&'a Value>,
}

impl<'a> Outcome<'a> {
    fn of(map: &'a Body, host: &str, path: &str) -> Self {
        let default = Self::named(map.get("defaultService"), map.get("defaultUrlRedirect"));
        let Some(matcher) = matcher(map, host) else {
            return default;
        };
        if let Some(rule) = longest(matcher, path) {
            return Self::named(rule.get("service"), rule.get("urlRedirect"));
        }
        Self::named(
            matcher.get("defaultService"),
            matcher.get("defaultUrlRedirect"),
        )
    }

    fn named(service: Option<&'a Value>, redirect: Option<&'a Value>) -> Self {
        Self { service, redirect }
    }
}

/// The path matcher of a host: an exact name first, then the longest `*.suffix`, then `*`.
fn matcher<'a>(map: &'a Body, host: &str) -> Option<&'a Value> {
    let rules = list(map, "hostRules");
    let fits = |pattern: &str| match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern.eq_ignore_ascii_case(host),
    };
    let rank = |pattern: &str| (!pattern.starts_with('*'), pattern.len());
    let best = rules
        .flat_map(|rule| {
            let hosts = rule["hosts"].as_array().into_iter().flatten();
            hosts
                .filter_map(Value::as_str)
                .map(move |host| (host, rule))
        })
        .filter(|(pattern, _)| fits(pattern))
        .max_by_key(|(pattern, _)| rank(pattern))?;
    let name = &best.1["pathMatcher"];
    list(map, "pathMatchers").find(|matcher| matcher["name"] == *name)
}

/// The path rule with the longest path that fits; `/a/*` fits `/a/` and everything below.
fn longest<'a>(matcher: &'a Value, path: &str) -> Option<&'a Value> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => pattern == path,
    };
    let rules = matcher["pathRules"].as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| {
        let paths = rule["paths"].as_array().into_iter().flatten();
        paths
            .filter_map(Value::as_str)
            .map(move |path| (path, rule))
    });
    let best = paths
        .filter(|(pattern, _)| fits(pattern))
        .max_by_key(|(pattern, _)| (pattern.len(), !pattern.ends_with('*')))?;
    Some(best.1)
}

fn redirect_code(redirect: &Value) -> Value {
    json!(match redirect["redirectResponseCode"].as_str() {
        Some("FOUND") => 302,
        Some("SEE_OTHER") => 303,
        Some("TEMPORARY_REDIRECT") => 307,
        Some("PERMANENT_REDIRECT") => 308,
        _ => 301,
    })
}

fn list<'a>(map: &'a Body, field: &str) -> impl Iterator<Item = &'a Value> {
    map.get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn map(tests: Value) -> Body {
        let body = json!({
            "defaultService": "web",
            "hostRules": [
                {"hosts": ["*.example.com"], "pathMatcher": "any"},
                {"hosts": ["api.example.com"], "pathMatcher": "api"},
            ],
            "pathMatchers": [
                {"name": "any", "defaultUrlRedirect": {"redirectResponseCode": "FOUND"}},
                {"name": "api", "defaultService": "api", "pathRules": [
                    {"paths": ["/v1/*"], "service": "old"},
                    {"paths": ["/v1/new/*", "/v1/exact"], "service": "new"},
                ]},
            ],
            "tests": tests,
        });
        body.as_object().unwrap().clone()
    }

    #[test]
    fn hosts_and_paths_are_matched_from_the_most_exact_one() {
        for (host, path, service) in [
            ("other.org", "/", "web"),
            ("api.example.com", "/", "api"),
            ("api.example.com", "/v1/x", "old"),
            ("api.example.com", "/v1/new/x", "new"),
            ("api.example.com", "/v1/exact", "new"),
        ] {
            let test = json!({"host": host, "path": path, "service": service});
            assert_eq!(
                failures(&map(json!([test]))),
                Vec::<Value>::new(),
                "{host}{path}"
            );
        }
        let redirected =
            json!({"host": "www.example.com", "path": "/", "expectedRedirectResponseCode": 302});
        assert_eq!(failures(&map(json!([redirected]))), Vec::<Value>::new());
    }

    #[test]
    fn a_failure_says_what_was_expected_and_what_would_happen() {
        let test = json!({"host": "api.example.com", "path": "/v1/x", "service": "new"});
        let expected = json!({"host": "api.example.com", "path": "/v1/x",
            "expectedService": "new", "actualService": "old"});
        assert_eq!(failures(&map(json!([test]))), [expected]);
    }
}
