//! How a managed instance group brings its instances to new versions.

use serde_json::{Map, Value, json};

use super::verbs::members;
use crate::{
    compute::{
        call::Call,
        change::{Change, Command},
        image::Image,
        kinds::instance,
    },
    error::ApiError,
    fleet::{UpdateAction, fixed_or_percent, needed_action},
    resource::{Key, Kind, Resource},
};

/// Below this size a percentage of a group would round to whole instances too coarsely.
const SMALLEST_FOR_PERCENT: i64 = 10;

const LIMITS: [&str; 2] = ["maxSurge", "maxUnavailable"];

/// Under `RECREATE` names stay, so there can be no surge; who says nothing of it means none.
pub(super) fn default_surge(body: &mut Map<String, Value>) {
    let Some(Value::Object(policy)) = body.get_mut("updatePolicy") else {
        return;
    };
    if policy.get("replacementMethod") == Some(&json!("RECREATE")) {
        policy
            .entry("maxSurge")
            .or_insert_with(|| json!({"fixed": 0}));
    }
}

/// Refuses an update policy that could never be carried out.
pub(super) fn check_policy(body: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(policy) = body.get("updatePolicy") else {
        return Ok(());
    };
    let refuse = |field: &str, why: &str| {
        let value = policy.get(field).map_or_else(String::new, Value::to_string);
        let field = format!("resource.updatePolicy.{field}");
        Err(ApiError::invalid(&field, value.trim_matches('"'), why))
    };
    let size = body.get("targetSize").and_then(Value::as_i64).unwrap_or(0);
    for field in LIMITS {
        let limit = &policy[field];
        if limit.get("percent").is_some() && size < SMALLEST_FOR_PERCENT {
            return refuse(
                field,
                "A percentage needs a group of at least 10 instances.",
            );
        }
        if limit
            .get("percent")
            .and_then(Value::as_u64)
            .is_some_and(|percent| percent > 100)
        {
            return refuse(field, "The percentage must be from 0 to 100.");
        }
    }
    let is_zero = |field: &str| fixed_or_percent(&policy[field], 100) == Some(0);
    if LIMITS.iter().all(|field| is_zero(field)) {
        return refuse(
            "maxSurge",
            "maxSurge or maxUnavailable must be greater than 0.",
        );
    }
    if policy["replacementMethod"] == "RECREATE" && !is_zero("maxSurge") {
        return refuse(
            "maxSurge",
            "It must be 0 when replacementMethod is RECREATE.",
        );
    }
    Ok(())
}

/// Adds to each number or percentage how many instances it is now.
pub(super) fn calculate(manager: &Resource, image: &mut Image<'_>) {
    let size = manager.number("targetSize").unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(0);
    let complete = |limit: &mut Value| {
        if let Some(count) = fixed_or_percent(limit, size) {
            limit["calculated"] = json!(count);
        }
    };
    let policy = image.get_mut("updatePolicy").and_then(Value::as_object_mut);
    for (field, limit) in policy.into_iter().flatten() {
        if LIMITS.contains(&field.as_str()) {
            complete(limit);
        }
    }
    let versions = image.get_mut("versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        if let Some(target) = version.get_mut("targetSize") {
            complete(target);
        }
    }
}

/// Brings chosen instances to their versions now.
pub(super) fn apply_updates(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let minimal = action(call, "minimalAction", UpdateAction::None)?;
    let most = action(call, "mostDisruptiveAllowedAction", UpdateAction::Replace)?;
    let instances = if call.body.get("allInstances") == Some(&json!(true)) {
        if call.body.contains_key("instances") {
            let why = "It must be absent when allInstances is true.";
            return Err(ApiError::invalid("instances", "", why));
        }
        all_members(change, manager)
    } else {
        members(change, manager, call)?
    };
    for key in &instances {
        let action = needed(change, manager, key).max(minimal);
        if action > most {
            let why = format!(
                "The instance '{}' needs the action {}, which disrupts more.",
                key.name,
                action.as_str()
            );
            return Err(ApiError::invalid(
                "mostDisruptiveAllowedAction",
                most.as_str(),
                &why,
            ));
        }
    }
    Ok(vec![Command::Update(instances, minimal)])
}

fn action(call: &Call, field: &str, default: UpdateAction) -> Result<UpdateAction, ApiError> {
    let Some(given) = call.body.get(field) else {
        return Ok(default);
    };
    let action = given.as_str().and_then(UpdateAction::from_name);
    let why = "It must be NONE, REFRESH, RESTART or REPLACE.";
    action.ok_or_else(|| ApiError::invalid(field, given.as_str().unwrap_or(""), why))
}

fn all_members(change: &Change<'_, '_>, manager: &Resource) -> Vec<Key> {
    let instances = change.tx.list(Kind::Instance, None).into_iter();
    let of_group =
        |instance: &Resource| instance::group_of(instance).as_ref() == Some(&manager.key);
    instances
        .filter(|instance| of_group(instance))
        .map(|instance| instance.key.clone())
        .collect()
}

/// What an instance needs to get to its version: none if it has any of the group's.
fn needed(change: &Change<'_, '_>, manager: &Resource, key: &Key) -> UpdateAction {
    let instance = change.tx.get(key);
    let has = instance
        .as_deref()
        .and_then(instance::template_of)
        .unwrap_or_default();
    let versions = manager.body.get("versions").and_then(Value::as_array);
    let mut templates = versions.into_iter().flatten();
    if templates.any(|version| version["instanceTemplate"] == has) {
        return UpdateAction::None;
    }
    let main = manager.text("instanceTemplate").unwrap_or_default();
    needed_action(|key| change.tx.get(key), has, main)
}
