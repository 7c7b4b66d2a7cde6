//! What a URL map would do with a request, and whether that is what its tests expect.

use serde_json::{Map, Value, json};

use crate::{
    balancer::UrlMap,
    routing::url_maps::{Action, redirect_status, rules},
};

type Body = Map<String, Value>;

/// The failures of a map's tests, as Google reports them.
pub(super) fn failures(map: &Body) -> Vec<Value> {
    let tests = map.get("tests").and_then(Value::as_array);
    let rules = rules(map);
    tests
        .into_iter()
        .flatten()
        .filter_map(|test| failure(&rules, test))
        .collect()
}

fn failure(rules: &UrlMap<Action<'_>>, test: &Value) -> Option<Value> {
    let text = |field: &str| test[field].as_str().unwrap_or_default();
    let (host, path) = (text("host"), text("path"));
    let outcome = rules.find(host, path);
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
        outcome
            .redirect
            .map_or(Value::Null, |redirect| json!(redirect_status(redirect))),
    );
    wrong.then_some(failure)
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
            // As the balancer reads a request: in any case, with or without a port.
            ("API.example.com:443", "/v1/exact", "new"),
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
