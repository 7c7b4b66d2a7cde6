//! Instances: made and moved by the fleet; a caller may delete them, write their metadata and read
//! their log.

use serde_json::{Map, Value, json};

use super::instance_template::check_items;
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        fingerprint,
        image::Image,
    },
    error::ApiError,
    resource::{Key, Resource},
};

/// How much of a log one answer gives.
const LOG_PAGE: u64 = 1 << 20;

pub(crate) struct Instance;

impl Behaviour for Instance {
    fn deleted(
        &self,
        _change: &mut Change<'_, '_>,
        instance: &Resource,
    ) -> Result<Vec<Command>, ApiError> {
        // The group stays as large as it should be: it makes a new one.
        Ok(vec![Command::Delete(vec![instance.key.clone()])])
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        match name {
            "setMetadata" => Some(Verb::Change {
                operation: "setMetadata",
                decide: set_metadata,
            }),
            "serialPort" => Some(Verb::Read(serial_port)),
            _ => None,
        }
    }

    fn view(&self, _cloud: &Cloud, _resource: &Resource, image: &mut Image<'_>) {
        image.entry("metadata", || json!({"kind": "compute#metadata"}));
    }
}

/// The manager that made an instance, as its metadata says.
pub(crate) fn group_of(instance: &Resource) -> Option<Key> {
    let items = instance.field("metadata/items")?.as_array()?;
    let created_by = items.iter().find(|item| item["key"] == "created-by")?;
    Key::from_url(created_by.get("value")?.as_str()?)
}

/// The URL of the template that an instance was made from, as its metadata says.
pub(crate) fn template_of(instance: &Resource) -> Option<&str> {
    let items = instance.field("metadata/items")?.as_array()?;
    let template = items
        .iter()
        .find(|item| item["key"] == "instance-template")?;
    template.get("value")?.as_str()
}

fn set_metadata(
    change: &mut Change<'_, '_>,
    instance: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let empty = Map::new();
    let stored = instance
        .field("metadata")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if !call.body.contains_key("fingerprint") && stored.contains_key("fingerprint") {
        return Err(ApiError::condition_not_met(
            "Supplied fingerprint does not match current metadata fingerprint.",
        ));
    }
    fingerprint::check(&call.body, stored)?;
    check_items(&call.body)?;
    let items = call.body.get("items").cloned().unwrap_or_else(|| json!([]));
    change.tx.update(&instance.key, |body| {
        let metadata = json!({
            "kind": "compute#metadata", "fingerprint": fingerprint::fresh(), "items": items,
        });
        body.insert("metadata".into(), metadata);
    });
    Ok(Vec::new())
}

/// The serial port of our instances is what they wrote to their log.
fn serial_port(cloud: &Cloud, instance: &Resource, call: &Call) -> Result<Value, ApiError> {
    let start = call.number::<u64>("start")?.unwrap_or(0);
    let (contents, from, next) = match cloud.log_path(&instance.key) {
        Some(path) => read_log(&path, start).unwrap_or_default(),
        None => (String::new(), start, start),
    };
    Ok(json!({
        "kind": "compute#serialPortOutput",
        "selfLink": format!("{}/serialPort", cloud.store().url(&instance.key)),
        "contents": contents,
        "start": from.to_string(),
        "next": next.to_string(),
    }))
}

/// The log from `start` on, or its last part if that is longer: text, first and next byte.
fn read_log(path: &std::path::Path, start: u64) -> std::io::Result<(String, u64, u64)> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let from = start.max(length.saturating_sub(LOG_PAGE)).min(length);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LOG_PAGE).read_to_end(&mut bytes)?;
    let next = from + bytes.len() as u64;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), from, next))
}
