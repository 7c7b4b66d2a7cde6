//! A `UrlMap` resource as the balancer's rules.

use serde_json::{Map, Value};

use super::services::Services;
use super::texts;
use crate::balancer::{HostRule, PathRule, Redirect, RedirectPath, Target, UrlMap};
use crate::resource::Resource;

/// What a rule leads to, as Google's JSON has it: a service, or a redirect, which wins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Action<'a> {
    pub(crate) service: Option<&'a Value>,
    pub(crate) redirect: Option<&'a Value>,
}

impl<'a> Action<'a> {
    fn default_of(rule: impl Fn(&str) -> Option<&'a Value>) -> Self {
        Self {
            service: rule("defaultService"),
            redirect: rule("defaultUrlRedirect"),
        }
    }
}

/// The rules of a map. The balancer obeys them, and whoever asks what it would do with a request is
/// told by the same ones.
pub(crate) fn rules(map: &Map<String, Value>) -> UrlMap<Action<'_>> {
    let matchers: Vec<&Value> = elements(map.get("pathMatchers")).collect();
    let mut hosts = Vec::new();
    for rule in elements(map.get("hostRules")) {
        let named = |matcher: &&&Value| matcher.get("name") == rule.get("pathMatcher");
        let matcher = matchers.iter().find(named).copied();
        hosts.push(HostRule {
            hosts: texts(rule.get("hosts"))
                .map(str::to_ascii_lowercase)
                .collect(),
            default: Action::default_of(|field| matcher?.get(field)),
            paths: matcher.map_or_else(Vec::new, paths),
        });
    }
    UrlMap {
        default: Action::default_of(|field| map.get(field)),
        hosts,
    }
}

fn paths(matcher: &Value) -> Vec<PathRule<Action<'_>>> {
    let rules = elements(matcher.get("pathRules"));
    rules
        .flat_map(|rule| {
            let target = Action {
                service: rule.get("service"),
                redirect: rule.get("urlRedirect"),
            };
            texts(rule.get("paths")).map(move |path| PathRule {
                path: path.to_owned(),
                target,
            })
        })
        .collect()
}

/// The same rules with what they lead to. What does not exist leads nowhere.
pub(super) fn read(map: &Resource, services: &mut Services<'_>) -> UrlMap<Target> {
    rules(&map.body).map(|action, _| target(action, services))
}

fn target(action: &Action<'_>, services: &mut Services<'_>) -> Target {
    if let Some(action) = action.redirect {
        return Target::Redirect(redirect(action));
    }
    let url = action.service.and_then(Value::as_str);
    url.and_then(|url| services.get(url))
        .map_or(Target::Nowhere, Target::Service)
}

/// The status that a redirect answers with.
pub(crate) fn redirect_status(action: &Value) -> u16 {
    match action.get("redirectResponseCode").and_then(Value::as_str) {
        Some("FOUND") => 302,
        Some("SEE_OTHER") => 303,
        Some("TEMPORARY_REDIRECT") => 307,
        Some("PERMANENT_REDIRECT") => 308,
        _ => 301,
    }
}

fn redirect(action: &Value) -> Redirect {
    let flag = |field: &str| action.get(field).and_then(Value::as_bool) == Some(true);
    let text = |field: &str| {
        let text = action.get(field).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let whole = text("pathRedirect").map(RedirectPath::Whole);
    Redirect {
        status: redirect_status(action),
        https: flag("httpsRedirect"),
        host: text("hostRedirect"),
        path: whole.or_else(|| text("prefixRedirect").map(RedirectPath::Prefix)),
        strip_query: flag("stripQuery"),
    }
}

fn elements(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}
