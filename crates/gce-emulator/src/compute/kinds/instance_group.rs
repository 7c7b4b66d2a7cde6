//! Instance groups: made and removed with their manager; named ports are theirs.

use serde_json::{Value, json};

use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        fingerprint,
        image::{self, Image},
        lists,
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

pub(crate) struct InstanceGroup;

impl Behaviour for InstanceGroup {
    fn view(&self, cloud: &Cloud, resource: &Resource, image: &mut Image<'_>) {
        image.insert(
            "size",
            json!(cloud.instances_of(&manager(&resource.key)).len()),
        );
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        match name {
            "listInstances" => Some(Verb::Read(list_instances)),
            "setNamedPorts" => Some(Verb::Change {
                operation: "setNamedPorts",
                decide: set_named_ports,
            }),
            _ => None,
        }
    }
}

/// The manager of a group, which has its name.
pub(super) fn manager(group: &Key) -> Key {
    Key::new(
        Kind::InstanceGroupManager,
        group.scope.clone(),
        group.name.clone(),
    )
}

/// The group of a manager, which has its name.
pub(super) fn group(manager: &Key) -> Key {
    Key::new(
        Kind::InstanceGroup,
        manager.scope.clone(),
        manager.name.clone(),
    )
}

fn list_instances(cloud: &Cloud, group: &Resource, call: &Call) -> Result<Value, ApiError> {
    let running_only = match call.body.get("instanceState").and_then(Value::as_str) {
        None | Some("ALL") => false,
        Some("RUNNING") => true,
        Some(other) => {
            return Err(ApiError::invalid(
                "instanceState",
                other,
                "It must be ALL or RUNNING.",
            ));
        }
    };
    let ports = group
        .body
        .get("namedPorts")
        .cloned()
        .unwrap_or_else(|| json!([]));
    let items: Vec<Value> = cloud
        .instances_of(&manager(&group.key))
        .into_iter()
        .filter(|instance| !running_only || instance.status == "RUNNING")
        .map(|instance| {
            let url = cloud.store().url(&instance.key);
            json!({"instance": url, "status": instance.status, "namedPorts": ports})
        })
        .collect();
    let kind = match group.key.scope {
        Scope::Region(_) => "regionInstanceGroupsListInstances",
        _ => "instanceGroupsListInstances",
    };
    let path = format!("{}/listInstances", group.key.path(cloud.store().project()));
    let head = image::list_head(kind, &path);
    lists::of_values(head, "items", items, call)
}

fn set_named_ports(
    change: &mut Change<'_, '_>,
    group: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    fingerprint::check(&call.body, &group.body)?;
    let ports = call
        .body
        .get("namedPorts")
        .cloned()
        .unwrap_or_else(|| json!([]));
    check_ports(&ports)?;
    store_ports(change, &group.key, &ports);
    change.tx.update(&manager(&group.key), |body| {
        body.insert("namedPorts".into(), ports);
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
    Ok(Vec::new())
}

/// Writes named ports to a group.
pub(super) fn store_ports(change: &mut Change<'_, '_>, group: &Key, ports: &Value) {
    change.tx.update(group, |body| {
        body.insert("namedPorts".into(), ports.clone());
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
}

/// A list of names and ports.
pub(super) fn check_ports(ports: &Value) -> Result<(), ApiError> {
    let good = |port: &Value| {
        port.get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| !name.is_empty())
            && port
                .get("port")
                .and_then(Value::as_i64)
                .is_some_and(|port| (1..=65_535).contains(&port))
    };
    match ports.as_array() {
        Some(list) if list.iter().all(good) => Ok(()),
        _ => {
            let why = "Each named port needs a name and a port from 1 to 65535.";
            Err(ApiError::invalid(
                "resource.namedPorts",
                &ports.to_string(),
                why,
            ))
        }
    }
}
