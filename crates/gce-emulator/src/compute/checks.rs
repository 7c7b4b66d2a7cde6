//! What every body goes through before it is stored.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{
    change::Change,
    labels, paths, references,
    schema::{self, resource_field},
    table::{ALWAYS_OUTPUT, Row},
};
use crate::{error::ApiError, resource::Key};

type Body = Map<String, Value>;

/// Defaults, types, references, and then what only the kind knows.
pub(super) fn check(
    change: &mut Change<'_, '_>,
    row: &Row,
    key: &Key,
    old: Option<&Body>,
    body: &mut Body,
) -> Result<(), ApiError> {
    schema::complete_and_check(row.fields, row.required, body)?;
    if let Some(given) = body.get("labels") {
        labels::check(given)?;
    }
    references::canonicalise(change, key, row.references, body)?;
    row.behaviour.check(change, key, old, body)
}

pub(super) fn strip_output(row: &Row, body: &mut Body) {
    for field in ALWAYS_OUTPUT.iter().chain(row.output_only) {
        body.remove(*field);
    }
}

/// What a PUT leaves alone: the cloud's own fields, and those that cannot change anyway.
pub(super) fn kept_on_replace(row: &Row, old: &Body) -> Body {
    let kept = ALWAYS_OUTPUT
        .iter()
        .chain(row.output_only)
        .chain(row.immutable)
        .chain(&["name"]);
    kept.filter_map(|field| Some(((*field).to_owned(), old.get(*field)?.clone())))
        .collect()
}

/// A caller that puts back what it got has not seen the secrets, and does not mean to remove them.
pub(super) fn keep_secrets(row: &Row, old: &Body, body: &mut Body) {
    for path in row.secret {
        let (around, name) = path.rsplit_once('/').unwrap_or(("", path));
        let secret = paths::at(old, path).cloned();
        if let (Some(Value::Object(object)), Some(secret)) = (paths::at_mut(body, around), secret) {
            object.entry(name).or_insert(secret);
        }
    }
}

pub(super) fn check_immutable(row: &Row, old: &Body, new: &Body) -> Result<(), ApiError> {
    for field in row.immutable {
        if old.get(*field) != new.get(*field) {
            let value = new.get(*field).map_or_else(String::new, Value::to_string);
            let why = "The field cannot be changed after the resource was created.";
            return Err(ApiError::invalid(
                &resource_field(field),
                value.trim_matches('"'),
                why,
            ));
        }
    }
    Ok(())
}

/// The name in a body, by RFC 1035.
pub(super) fn name(body: &Body) -> Result<String, ApiError> {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::required("resource.name"));
    }
    check_name("resource.name", name)?;
    Ok(name.to_owned())
}

/// Whether it is a label by RFC 1035, in lower case and of such a length: most of Google's APIs name
/// things so, each with limits and words of its own.
pub(crate) fn is_label(text: &str, length: RangeInclusive<usize>) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    length.contains(&text.len())
        && text.bytes().all(inner)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
}

/// Refuses what is no name by RFC 1035.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    if is_label(name, 1..=63) {
        return Ok(());
    }
    let why = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
    Err(ApiError::invalid(field, name, why))
}
