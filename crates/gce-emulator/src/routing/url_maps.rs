//! A `UrlMap` resource as the balancer's rules.

use serde_json::Value;

use super::services::Services;
use super::texts;
use crate::balancer::{HostRule, PathRule, Redirect, RedirectPath, Target, UrlMap};
use crate::resource::Resource;

/// The rules of a URL map. What leads to nothing that exists leads nowhere.
pub(super) fn read(map: &Resource, services: &mut Services<'_>) -> UrlMap<Target> {
    let matchers: Vec<&Value> = elements(map.body.get("pathMatchers")).collect();
    let mut hosts = Vec::new();
    for rule in elements(map.body.get("hostRules")) {
        let named = |matcher: &&&Value| matcher.get("name") == rule.get("pathMatcher");
        let matcher = matchers.iter().find(named).copied();
        hosts.push(HostRule {
            hosts: texts(rule.get("hosts"))
                .map(str::to_ascii_lowercase)
                .collect(),
            default: target(matcher, "defaultService", "defaultUrlRedirect", services),
            paths: matcher.map_or_else(Vec::new, |matcher| paths(matcher, services)),
        });
    }
    let body = Value::Object(map.body.clone());
    UrlMap {
        default: target(
            Some(&body),
            "defaultService",
            "defaultUrlRedirect",
            services,
        ),
        hosts,
    }
}

fn paths(matcher: &Value, services: &mut Services<'_>) -> Vec<PathRule<Target>> {
    let mut rules = Vec::new();
    for rule in elements(matcher.get("pathRules")) {
        let target = target(Some(rule), "service", "urlRedirect", services);
        rules.extend(texts(rule.get("paths")).map(|path| PathRule {
            path: path.to_owned(),
            target: target.clone(),
        }));
    }
    rules
}

/// Either of the two things that a rule can lead to.
fn target(
    rule: Option<&Value>,
    service: &str,
    redirection: &str,
    services: &mut Services<'_>,
) -> Target {
    let Some(rule) = rule else {
        return Target::Nowhere;
    };
    if let Some(action) = rule.get(redirection) {
        return Target::Redirect(redirect(action));
    }
    let found = rule
        .get(service)
        .and_then(Value::as_str)
        .and_then(|url| services.get(url));
    found.map_or(Target::Nowhere, Target::Service)
}

fn redirect(action: &Value) -> Redirect {
    let flag = |field: &str| action.get(field).and_then(Value::as_bool) == Some(true);
    let text = |field: &str| {
        let text = action.get(field).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let whole = text("pathRedirect").map(RedirectPath::Whole);
    Redirect {
        status: match action.get("redirectResponseCode").and_then(Value::as_str) {
            Some("FOUND") => 302,
            Some("SEE_OTHER") => 303,
            Some("TEMPORARY_REDIRECT") => 307,
            Some("PERMANENT_REDIRECT") => 308,
            _ => 301,
        },
        https: flag("httpsRedirect"),
        host: text("hostRedirect"),
        path: whole.or_else(|| text("prefixRedirect").map(RedirectPath::Prefix)),
        strip_query: flag("stripQuery"),
    }
}

fn elements(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}
