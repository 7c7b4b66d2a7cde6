//! Labels: set as a whole, guarded by a fingerprint of their own.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};

use super::{
    call::Call,
    change::{Change, Command, Verb},
};
use crate::{error::ApiError, resource::Resource};

/// The verb that every kind with labels has.
pub(super) const SET: Verb = Verb::Change {
    operation: "setLabels",
    decide: set,
};

/// Tells one set of labels from another.
pub(super) fn fingerprint(resource: &Resource) -> Value {
    let mut hasher = DefaultHasher::new();
    let labels = resource.field("labels").map(ToString::to_string);
    labels.unwrap_or_default().hash(&mut hasher);
    json!(URL_SAFE.encode(hasher.finish().to_be_bytes()))
}

fn set(
    change: &mut Change<'_, '_>,
    resource: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let given = call.body.get("labelFingerprint");
    let given = given.ok_or_else(|| ApiError::required("labelFingerprint"))?;
    let same = |text: &str| text.replace('+', "-").replace('/', "_");
    if given.as_str().map(same).map(Value::from) != Some(fingerprint(resource)) {
        return Err(ApiError::condition_not_met(
            "Labels fingerprint either invalid or resource labels have changed",
        ));
    }
    let labels = call
        .body
        .get("labels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    check(&labels)?;
    change.tx.update(&resource.key, |body| {
        _ = body.insert("labels".into(), labels);
    });
    Ok(Vec::new())
}

/// Keys and values as Google has them: lower case, digits, dashes and underscores.
pub(crate) fn check(labels: &Value) -> Result<(), ApiError> {
    let refused = |value: &str, why: &str| ApiError::invalid("resource.labels", value, why);
    let Value::Object(labels) = labels else {
        return Err(refused(&labels.to_string(), "It must be an object."));
    };
    let allowed = |text: &str| {
        let good = |c: char| {
            c.is_lowercase()
                || c.is_numeric()
                || c == '-'
                || c == '_'
                || (c.is_alphabetic() && !c.is_uppercase())
        };
        text.chars().count() <= 63 && text.chars().all(good)
    };
    for (key, value) in labels {
        let starts_well = key.starts_with(|c: char| c.is_alphabetic());
        let value = value
            .as_str()
            .ok_or_else(|| refused(key, "Its value must be a string."))?;
        if !starts_well || !allowed(key) || !allowed(value) {
            let why = "Keys and values are at most 63 lower-case letters, digits, '-' and '_'; \
                       a key begins with a letter.";
            return Err(refused(&format!("{key}={value}"), why));
        }
    }
    Ok(())
}
