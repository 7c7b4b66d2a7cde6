//! The body of a call: what of it is the resource, which fields a patch is about, and what is written
//! into it.

use serde_json::{Value, json};

use super::{Body, Id, Row};
use crate::{
    clock::rfc3339,
    compute::{call::Call, change::Change, fingerprint, labels, schema::complete_and_check},
    error::ApiError,
    resource::{Key, Resource},
};

pub(super) fn inner<'c>(row: &Row, call: &'c Call) -> Option<&'c Body> {
    match row.inside {
        Some(field) => call.body.get(field)?.as_object(),
        None => Some(&call.body),
    }
}

/// The resource of a body, without what only the cloud writes.
pub(super) fn given(row: &Row, call: &Call) -> Result<Body, ApiError> {
    let mut body = match row.inside {
        // The new form of a role or account is the body itself where it is only changed.
        Some(field) if call.body.contains_key(field) => inner(row, call)
            .cloned()
            .ok_or_else(|| ApiError::required(field))?,
        Some(_) if matches!(row.id, Id::Body(id) if call.body.contains_key(id)) => Body::new(),
        _ => call.body.clone(),
    };
    for field in ["name", "etag", "updateMask"].iter().chain(row.output_only) {
        body.remove(*field);
    }
    Ok(body)
}

/// The fields that a patch is about, as paths. Masks come in camel case or in snake case.
pub(super) fn mask(row: &Row, call: &Call, given: &Body) -> Vec<String> {
    let in_body = || call.body.get("updateMask").and_then(Value::as_str);
    let Some(mask) = call.text("updateMask").or_else(in_body) else {
        return given.keys().cloned().collect();
    };
    let paths = mask
        .split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty());
    paths
        .map(|path| camel(path).replace('.', "/"))
        .filter(|path| !row.output_only.contains(&path.as_str()) && path != "name")
        .collect()
}

fn camel(path: &str) -> String {
    let mut upper = false;
    let mut out = String::new();
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

pub(super) fn set(body: &mut Body, path: &str, value: Value) {
    match path.split_once('/') {
        None => _ = body.insert(path.to_owned(), value),
        Some((first, rest)) => {
            let around = body.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(around) = around {
                set(around, rest, value);
            }
        }
    }
}

pub(super) fn check(
    change: &mut Change<'_, '_>,
    row: &Row,
    key: &Key,
    old: Option<&Body>,
    body: &mut Body,
) -> Result<(), ApiError> {
    complete_and_check(row.fields, row.required, body)?;
    if let Some(given) = body.get("labels") {
        labels::check(given)?;
    }
    if let Some(old) = old {
        let changed = |field: &&&str| old.get(**field) != body.get(**field);
        if let Some(field) = row.immutable.iter().find(changed) {
            let message = format!("The field '{field}' is immutable.");
            return Err(ApiError::bad_request(message));
        }
    }
    row.behaviour.check(change, key, old, body)
}

pub(super) fn stamp(change: &Change<'_, '_>, row: &Row, body: &mut Body, is_new: bool) {
    let now = json!(rfc3339(change.now));
    let (created, updated) = row.times;
    for field in created.filter(|_| is_new).into_iter().chain(updated) {
        body.insert(field.to_owned(), now.clone());
    }
    if row.has_etag {
        body.insert("etag".into(), fingerprint::fresh());
    }
}

/// An etag that the caller leaves out means "the last write wins".
pub(super) fn check_etag(row: &Row, given: Option<&Value>, old: &Resource) -> Result<(), ApiError> {
    let given = given
        .and_then(Value::as_str)
        .filter(|etag| !etag.is_empty());
    let same = given.is_none_or(|given| old.text("etag") == Some(given));
    if same || !row.has_etag {
        return Ok(());
    }
    Err(ApiError::aborted(
        "The etag is not that of the resource, which was changed meanwhile. Read it again and retry.",
    ))
}
