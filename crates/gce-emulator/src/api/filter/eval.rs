//! An expression over a document.

use std::cmp::Ordering;

use serde_json::Value;

use super::parse::{Comparison, Expression, Test};
use crate::clock::parse_rfc3339;

/// Logging's severities, by rank.
const SEVERITIES: [&str; 9] = [
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
];

impl Expression {
    pub(super) fn matches(&self, document: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::Not(inner) => !inner.matches(document),
            Self::Compare(comparison) => comparison.holds(document, &comparison.path),
            Self::Text(text) => contains_anywhere(document, &text.to_lowercase()),
        }
    }

    pub(super) fn bounds(&self, field: &str) -> Vec<(&str, &str)> {
        match self {
            Self::All(parts) => parts.iter().flat_map(|part| part.bounds(field)).collect(),
            Self::Compare(Comparison { path, test }) if *path == [field] => match test {
                Test::Equal(value) => vec![("=", value.as_str())],
                Test::Less(value) => vec![("<", value.as_str())],
                Test::LessOrEqual(value) => vec![("<=", value.as_str())],
                Test::Greater(value) => vec![(">", value.as_str())],
                Test::GreaterOrEqual(value) => vec![(">=", value.as_str())],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

impl Comparison {
    /// Descends along the path; a list holds if one of its elements does.
    fn holds(&self, value: &Value, path: &[String]) -> bool {
        match (value, path) {
            (Value::Array(elements), _) => elements.iter().any(|element| self.holds(element, path)),
            (Value::Object(fields), [first, rest @ ..]) => match fields.get(first) {
                Some(value) => self.holds(value, rest),
                // Monitoring says `metric.label.x` for what its JSON calls `labels`.
                None if first == "label" => fields
                    .get("labels")
                    .is_some_and(|value| self.holds(value, rest)),
                None => false,
            },
            (_, []) => self
                .test
                .holds(value, self.path.last().map_or("", String::as_str)),
            _ => false,
        }
    }
}

impl Test {
    fn holds(&self, value: &Value, field: &str) -> bool {
        let is = |wanted: &String, accepts: fn(Ordering) -> bool| {
            order(value, wanted, field).is_some_and(accepts)
        };
        match self {
            Self::Equal(wanted) => equal(value, wanted, field),
            Self::Less(wanted) => is(wanted, Ordering::is_lt),
            Self::LessOrEqual(wanted) => is(wanted, Ordering::is_le),
            Self::Greater(wanted) => is(wanted, Ordering::is_gt),
            Self::GreaterOrEqual(wanted) => is(wanted, Ordering::is_ge),
            Self::Has(wanted) => has(value, wanted),
            Self::Regex(regex) => text(value).is_some_and(|text| regex.is_match(&text)),
            Self::StartsWith(start) => text(value).is_some_and(|text| text.starts_with(start)),
            Self::EndsWith(end) => text(value).is_some_and(|text| text.ends_with(end)),
            Self::OneOf(wanted) => text(value).is_some_and(|text| wanted.contains(&text)),
        }
    }
}

/// Equality; a star stands for anything: `name = web-*`.
fn equal(value: &Value, wanted: &str, field: &str) -> bool {
    if let (Some((start, end)), Some(text)) = (wanted.split_once('*'), text(value)) {
        let fits = text.len() >= start.len() + end.len();
        return fits && text.starts_with(start) && text.ends_with(end);
    }
    order(value, wanted, field).is_some_and(Ordering::is_eq)
}

/// `:*` asks for presence, `:prefix*` for a beginning, anything else for a substring, a list
/// element or a key of a map, whatever the case.
fn has(value: &Value, wanted: &str) -> bool {
    if wanted == "*" {
        return true;
    }
    if let Value::Object(fields) = value {
        return fields.contains_key(wanted);
    }
    let Some(text) = text(value) else {
        return false;
    };
    let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
    match wanted.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text.contains(&wanted),
    }
}

/// The order of a value against a text: by number, time or severity where both are such.
fn order(value: &Value, wanted: &str, field: &str) -> Option<Ordering> {
    let text = text(value)?;
    if let (Ok(left), Ok(right)) = (text.parse::<f64>(), wanted.parse::<f64>()) {
        return left.partial_cmp(&right);
    }
    if field == "severity" {
        let rank = |name: &str| {
            SEVERITIES
                .iter()
                .position(|known| known.eq_ignore_ascii_case(name))
        };
        if let (Some(left), Some(right)) = (rank(&text), rank(wanted)) {
            return Some(left.cmp(&right));
        }
    }
    if let (Some(left), Some(right)) = (parse_rfc3339(&text), parse_rfc3339(wanted)) {
        return Some(left.cmp(&right));
    }
    Some(text.as_str().cmp(wanted))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn contains_anywhere(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(elements) => elements
            .iter()
            .any(|value| contains_anywhere(value, wanted)),
        Value::Object(fields) => fields
            .values()
            .any(|value| contains_anywhere(value, wanted)),
        other => text(other).is_some_and(|text| text.to_lowercase().contains(wanted)),
    }
}
