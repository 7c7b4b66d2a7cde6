//! What instances are made from, and what it takes to bring them from one to another.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value};

use crate::resource::{Key, Resource};

/// One of a group's `versions[]`: a template under a name. Another name alone is another version,
/// by which clients have a whole group restarted or replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub name: Option<String>,
    /// The URL of the template.
    pub template: String,
}

/// What is done with an instance to update it, by how much that disrupts it: Google's
/// `minimalAction` and `mostDisruptiveAllowedAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateAction {
    /// Nothing that the instance would notice.
    None,
    /// Its metadata, labels and tags change while it runs.
    Refresh,
    /// It is stopped and started.
    Restart,
    /// It is ended and made anew.
    Replace,
}

impl UpdateAction {
    /// The action of this name at Google.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "NONE" => Some(Self::None),
            "REFRESH" => Some(Self::Refresh),
            "RESTART" => Some(Self::Restart),
            "REPLACE" => Some(Self::Replace),
            _ => None,
        }
    }

    /// The name at Google.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Refresh => "REFRESH",
            Self::Restart => "RESTART",
            Self::Replace => "REPLACE",
        }
    }
}

/// What a running instance takes over as it is.
const REFRESHED: [&str; 3] = ["labels", "metadata", "tags"];

/// What an instance takes over when it starts.
const RESTARTED: [&str; 4] = [
    "machineType",
    "minCpuPlatform",
    "scheduling",
    "serviceAccounts",
];

/// The least that brings an instance from one template to another. A template that is gone can
/// have had anything in it.
pub fn needed_action(
    get: impl Fn(&Key) -> Option<Arc<Resource>>,
    from: &str,
    to: &str,
) -> UpdateAction {
    if from == to {
        return UpdateAction::None;
    }
    let template = |url: &str| Key::from_url(url).and_then(|key| get(&key));
    match (template(from), template(to)) {
        (Some(from), Some(to)) => between(&from, &to),
        _ => UpdateAction::Replace,
    }
}

fn between(from: &Resource, to: &Resource) -> UpdateAction {
    let (none, empty) = (Value::Null, Map::new());
    let properties = |template: &Resource| {
        let found = template.field("properties").and_then(Value::as_object);
        found.unwrap_or(&empty).clone()
    };
    let (from, to) = (properties(from), properties(to));
    let fields: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differs = |field: &&&String| {
        let of = |properties: &Map<String, Value>| {
            properties.get(field.as_str()).unwrap_or(&none).clone()
        };
        of(&from) != of(&to)
    };
    let action = |field: &String| match field.as_str() {
        "description" => UpdateAction::None,
        field if REFRESHED.contains(&field) => UpdateAction::Refresh,
        field if RESTARTED.contains(&field) => UpdateAction::Restart,
        _ => UpdateAction::Replace,
    };
    let actions = fields.iter().filter(differs).map(|field| action(field));
    actions.max().unwrap_or(UpdateAction::None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Kind;

    fn template(properties: Value) -> Resource {
        let Value::Object(body) = json!({ "properties": properties }) else {
            unreachable!("an object was written")
        };
        Resource::new(Key::global(Kind::InstanceTemplate, "t"), body)
    }

    #[test]
    fn a_change_disrupts_no_more_than_it_must() {
        let old = template(json!({"machineType": "e2-micro", "labels": {"a": "1"}, "disks": [1]}));
        for (properties, action) in [
            (
                json!({"machineType": "e2-micro", "labels": {"a": "1"}, "disks": [1]}),
                UpdateAction::None,
            ),
            (
                json!({"machineType": "e2-micro", "labels": {"a": "2"}, "disks": [1]}),
                UpdateAction::Refresh,
            ),
            (
                json!({"machineType": "e2-small", "labels": {"a": "2"}, "disks": [1]}),
                UpdateAction::Restart,
            ),
            (
                json!({"machineType": "e2-small", "disks": [2]}),
                UpdateAction::Replace,
            ),
        ] {
            assert_eq!(
                between(&old, &template(properties.clone())),
                action,
                "{properties}"
            );
        }
    }
}
