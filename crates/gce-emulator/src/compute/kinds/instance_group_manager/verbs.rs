//! What can be done with a managed instance group beyond reading and changing it.

use serde_json::{Value, json};

use crate::{
    compute::{
        call::Call,
        change::{Change, Command},
        fingerprint,
        kinds::{autoscaler, instance},
        references,
    },
    error::ApiError,
    fleet,
    resource::{Key, Kind, Resource, Scope},
};

/// How many instances one call may name.
pub(super) const INSTANCES: usize = 1000;

/// While an autoscaler steers the group, nobody else sets its size.
pub(super) fn refuse_if_autoscaled(change: &Change<'_, '_>, key: &Key) -> Result<(), ApiError> {
    let autoscalers = change.tx.list(Kind::Autoscaler, Some(&key.scope));
    let autoscaler = autoscaler::of_group(&autoscalers, &change.url(key));
    let mode = autoscaler.map(|found| found.text("autoscalingPolicy/mode").unwrap_or("ON"));
    if matches!(mode, Some("ON")) {
        let place = if matches!(key.scope, Scope::Region(_)) {
            "regional"
        } else {
            "zonal"
        };
        return Err(ApiError::condition_not_met(format!(
            "Resizing of autoscaled {place} managed instance groups is not allowed.",
        )));
    }
    Ok(())
}

/// A zone holds a thousand instances of a group, a region two thousand.
pub(super) fn check_size(field: &str, manager: &Key, size: i64) -> Result<(), ApiError> {
    let most = if matches!(manager.scope, Scope::Region(_)) {
        2000
    } else {
        1000
    };
    if (0..=most).contains(&size) {
        return Ok(());
    }
    let why = format!("It must be an integer from 0 to {most}.");
    Err(ApiError::invalid(field, &size.to_string(), &why))
}

pub(super) fn resize(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let size = call
        .number::<u32>("size")?
        .ok_or_else(|| ApiError::required("size"))?;
    check_size("size", &manager.key, i64::from(size))?;
    refuse_if_autoscaled(change, &manager.key)?;
    set_size(change, &manager.key, i64::from(size));
    Ok(Vec::new())
}

pub(super) fn set_size(change: &mut Change<'_, '_>, manager: &Key, size: i64) {
    change.tx.update(manager, |body| {
        body.insert("targetSize".into(), json!(size));
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
}

pub(super) fn delete_instances(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let instances = members(change, manager, call)?;
    let size = manager.number("targetSize").unwrap_or_default() - instances.len() as i64;
    set_size(change, &manager.key, size.max(0));
    // Stored with the size, or the fleet could choose other victims before it hears of these.
    change
        .tx
        .extend(instances.iter().map(fleet::leaves).collect());
    Ok(vec![Command::Delete(instances)])
}

pub(super) fn recreate_instances(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let instances = members(change, manager, call)?;
    Ok(vec![Command::Recreate(instances)])
}

/// The instances that a call names, all of them members of the group.
pub(super) fn members(
    change: &Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Key>, ApiError> {
    let named = call.instances(&manager.key.scope)?;
    if named.is_empty() || named.len() > INSTANCES {
        let why = "It must name from 1 to 1000 instances.";
        return Err(ApiError::invalid(
            "instances",
            &named.len().to_string(),
            why,
        ));
    }
    let skip = call.body.get("skipInstancesOnValidationError") == Some(&json!(true));
    let mut members = Vec::new();
    for key in named {
        let group = change
            .tx
            .get(&key)
            .and_then(|instance| instance::group_of(&instance));
        if group.as_ref() == Some(&manager.key) {
            members.push(key);
        } else if !skip {
            let why = format!("Must be a member of '{}'.", change.path(&manager.key));
            return Err(ApiError::invalid("instances", &change.path(&key), &why));
        }
    }
    Ok(members)
}

pub(super) fn set_instance_template(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let text = call.body.get("instanceTemplate").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::required("instanceTemplate"))?;
    let template = references::resolve(Kind::InstanceTemplate, &manager.key.scope, text)
        .ok_or_else(|| ApiError::invalid("instanceTemplate", text, "The URL is malformed."))?;
    change.get(&template)?;
    let url = change.url(&template);
    change.tx.update(&manager.key, |body| {
        body.insert("versions".into(), json!([{"instanceTemplate": url}]));
        body.insert("instanceTemplate".into(), json!(url));
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
    Ok(Vec::new())
}
