//! URL maps: something must answer every request, and the map's own tests must pass.

mod trial;

use serde_json::{Map, Value, json};

use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::{Behaviour, Change, Verb},
        paths, references, schema, table,
    },
    error::ApiError,
    resource::{Key, Kind},
};

/// How many tests one map can have.
const TESTS: usize = 100;

pub(crate) struct UrlMap;

impl Behaviour for UrlMap {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        check_rules(body)?;
        let tests = body
            .get("tests")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if tests > TESTS {
            let why = format!("A URL map has at most {TESTS} tests.");
            return Err(ApiError::invalid(
                "resource.tests",
                &tests.to_string(),
                &why,
            ));
        }
        match trial::failures(body).first() {
            None => Ok(()),
            Some(failure) => {
                let why = "The URL map does not pass this test.";
                Err(ApiError::invalid(
                    "resource.tests",
                    &failure.to_string(),
                    why,
                ))
            }
        }
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        (name == "validate").then_some(Verb::Try(validate))
    }
}

/// What the local balancer does not obey. It is refused rather than passed over, so that no traffic
/// goes where it would not at Google.
const UNKNOWN_RULES: &[&str] = &[
    "pathMatchers/*/routeRules",
    "pathMatchers/*/pathRules/*/routeAction",
    "pathMatchers/*/defaultRouteAction",
    "defaultRouteAction/weightedBackendServices",
    "defaultRouteAction/urlRewrite",
    "headerAction",
];

/// Defaults, and a path matcher for every host rule.
fn check_rules(body: &Map<String, Value>) -> Result<(), ApiError> {
    let defaults = ["defaultService", "defaultUrlRedirect", "defaultRouteAction"];
    if !defaults.iter().any(|field| body.contains_key(*field)) {
        return Err(ApiError::required("resource.defaultService"));
    }
    if let Some(rules) = UNKNOWN_RULES
        .iter()
        .find(|path| !paths::all(body, path).is_empty())
    {
        return Err(ApiError::not_emulated(&format!("{rules} of a URL map")));
    }
    let matchers = paths::all(body, "pathMatchers/*/name");
    let missing = paths::all(body, "hostRules/*/pathMatcher")
        .into_iter()
        .find(|name| !matchers.contains(name));
    match missing {
        None => Ok(()),
        Some(missing) => Err(ApiError::invalid(
            "resource.hostRules.pathMatcher",
            missing.as_str().unwrap_or_default(),
            "There is no path matcher of this name.",
        )),
    }
}

/// What would happen to a map that is not stored: whether it can be loaded, and its tests.
fn validate(cloud: &Cloud, key: &Key, call: &Call) -> Result<Value, ApiError> {
    let Some(Value::Object(given)) = call.body.get("resource") else {
        return Err(ApiError::required("resource"));
    };
    let mut map = given.clone();
    map.entry("name").or_insert_with(|| json!(key.name));
    if let Err(error) = load(cloud, key, &mut map) {
        let result = json!({"loadSucceeded": false, "loadErrors": [error.to_string()]});
        return Ok(json!({"result": result}));
    }
    let failures = trial::failures(&map);
    let mut result = json!({"loadSucceeded": true, "testPassed": failures.is_empty()});
    if !failures.is_empty() {
        result["testFailures"] = Value::Array(failures);
    }
    Ok(json!({"result": result}))
}

fn load(cloud: &Cloud, key: &Key, map: &mut Map<String, Value>) -> Result<(), ApiError> {
    let row = table::row(Kind::UrlMap);
    let (fields, required) = row.map_or((&[][..], &[][..]), |row| (row.fields, row.required));
    schema::complete_and_check(fields, required, map)?;
    let there = |key: &Key| cloud.store().get(key).is_some();
    let references = row.map_or(&[][..], |row| row.references);
    references::canonicalise_with(cloud.store().project(), there, key, references, map)?;
    check_rules(map)
}
