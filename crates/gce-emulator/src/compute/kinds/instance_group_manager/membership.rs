//! Instances that leave their group and live on, and such that are made under a given name.

use serde_json::Value;

use super::verbs::{INSTANCES, members, set_size};
use crate::{
    compute::{
        call::Call,
        change::{Change, Command},
        checks,
    },
    error::ApiError,
    fleet,
    resource::{Kind, Resource},
};

/// Takes instances out of the group; they run on. Their records say it at once, so that a crash
/// brings none of them back.
pub(super) fn abandon_instances(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let instances = members(change, manager, call)?;
    let size = manager.number("targetSize").unwrap_or_default() - instances.len() as i64;
    set_size(change, &manager.key, size.max(0));
    for key in &instances {
        change.tx.update(key, |body| {
            let items = body
                .get_mut("metadata")
                .and_then(|metadata| metadata.get_mut("items"))
                .and_then(Value::as_array_mut);
            if let Some(items) = items {
                items.retain(|item| item["key"] != "created-by");
            }
        });
        let forget = fleet::forget_name(&manager.key, &key.name);
        change.tx.extend(vec![fleet::lets_go(key), forget]);
    }
    Ok(vec![Command::Abandon(instances)])
}

/// Makes instances of given names; the group grows by them.
pub(super) fn create_instances(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let names = names(call)?;
    for name in &names {
        if is_taken(change, name) {
            let why = "An instance of this name exists already.";
            return Err(ApiError::invalid("instances.name", name, why));
        }
    }
    let size = manager.number("targetSize").unwrap_or_default() + names.len() as i64;
    set_size(change, &manager.key, size);
    let notes = names.iter().map(|name| fleet::names(&manager.key, name));
    change.tx.extend(notes.collect());
    Ok(Vec::new())
}

fn names(call: &Call) -> Result<Vec<String>, ApiError> {
    let given = call.body.get("instances").and_then(Value::as_array);
    let given = given.ok_or_else(|| ApiError::required("instances"))?;
    if given.is_empty() || given.len() > INSTANCES {
        let why = "It must name from 1 to 1000 instances.";
        return Err(ApiError::invalid(
            "instances",
            &given.len().to_string(),
            why,
        ));
    }
    let mut names: Vec<String> = Vec::new();
    for instance in given {
        let name = instance.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| ApiError::required("instances.name"))?;
        checks::check_name("instances.name", name)?;
        if names.iter().any(|earlier| earlier == name) {
            return Err(ApiError::invalid(
                "instances.name",
                name,
                "It is given twice.",
            ));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn is_taken(change: &Change<'_, '_>, name: &str) -> bool {
    let instances: Vec<std::sync::Arc<Resource>> = change.tx.list(Kind::Instance, None);
    instances.iter().any(|instance| instance.key.name == *name)
}
