//! Instance templates: complete when made, and never changed.

use serde_json::{Map, Value, json};

use crate::{
    compute::{
        change::{Behaviour, Change},
        fingerprint, images, labels, paths,
    },
    error::ApiError,
    resource::Key,
};

pub(crate) struct InstanceTemplate;

impl Behaviour for InstanceTemplate {
    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        if body.contains_key("sourceInstance") {
            return Err(ApiError::not_emulated(
                "The field 'resource.sourceInstance'",
            ));
        }
        let Some(Value::Object(properties)) = body.get_mut("properties") else {
            return Ok(());
        };
        if !properties.get("machineType").is_some_and(Value::is_string) {
            return Err(ApiError::required("resource.properties.machineType"));
        }
        let metadata = properties.entry("metadata").or_insert_with(|| json!({}));
        if let Value::Object(metadata) = metadata {
            metadata.insert("kind".into(), json!("compute#metadata"));
            metadata.insert("fingerprint".into(), fingerprint::fresh());
            check_items(metadata)?;
        }
        check_images(properties)?;
        if let Some(labels) = properties.get("labels") {
            labels::check(labels)?;
        }
        Ok(())
    }
}

/// An image of a project that publishes images must be one of them.
fn check_images(properties: &Map<String, Value>) -> Result<(), ApiError> {
    let named = paths::all(properties, "disks/*/initializeParams/sourceImage");
    let missing = named
        .into_iter()
        .filter_map(Value::as_str)
        .find(|image| !images::may_exist(image));
    match missing {
        None => Ok(()),
        Some(image) => {
            let path = image.find("projects/").map_or(image, |at| &image[at..]);
            Err(ApiError::not_found(path))
        }
    }
}

/// Metadata items have a key each, and no key twice.
pub(super) fn check_items(metadata: &Map<String, Value>) -> Result<(), ApiError> {
    let mut seen = std::collections::HashSet::new();
    for item in metadata
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let key = item.get("key").and_then(Value::as_str).unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if key.is_empty() || key.len() > 128 || !key.bytes().all(allowed) {
            let why = "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'";
            return Err(ApiError::invalid("metadata.items.key", key, why));
        }
        if !item.get("value").is_some_and(Value::is_string) {
            return Err(ApiError::required("metadata.items.value"));
        }
        if !seen.insert(key) {
            let why = "Metadata has duplicate keys.";
            return Err(ApiError::invalid("metadata.items.key", key, why));
        }
    }
    Ok(())
}
