//! Managed instance groups: what should be, and in the view what is.

use serde_json::{Map, Value, json};

mod body;
mod membership;
mod updates;
mod verbs;

use self::{
    body::{align_template, complete, make_group},
    verbs::{
        check_size, delete_instances, recreate_instances, refuse_if_autoscaled, resize,
        set_instance_template,
    },
};
use super::{autoscaler, instance_group};
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        image::Image,
        lists, references,
    },
    error::ApiError,
    resource::{Key, Kind, Resource},
};

/// The longest base of instance names: a dash and four characters follow.
const BASE_NAME: usize = 58;

pub(crate) struct InstanceGroupManager;

impl Behaviour for InstanceGroupManager {
    fn check(
        &self,
        change: &mut Change<'_, '_>,
        key: &Key,
        old: Option<&Map<String, Value>>,
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        align_template(old, body)?;
        let base = body
            .entry("baseInstanceName")
            .or_insert_with(|| json!(key.name));
        if base
            .as_str()
            .is_none_or(|base| base.is_empty() || base.len() > BASE_NAME)
        {
            let why = "It must be from 1 to 58 characters long.";
            return Err(ApiError::invalid(
                "resource.baseInstanceName",
                base.as_str().unwrap_or(""),
                why,
            ));
        }
        if let Some(ports) = body.get("namedPorts") {
            instance_group::check_ports(ports)?;
        }
        let size = body.get("targetSize").and_then(Value::as_i64);
        check_size("resource.targetSize", key, size.unwrap_or_default())?;
        if old.is_some_and(|old| old.get("targetSize") != body.get("targetSize")) {
            refuse_if_autoscaled(change, key)?;
        }
        updates::default_surge(body);
        complete(change, key, body);
        updates::check_policy(body)
    }

    fn stored(&self, change: &mut Change<'_, '_>, manager: &Resource) -> Result<(), ApiError> {
        let key = instance_group::group(&manager.key);
        let ports = manager.body.get("namedPorts").cloned();
        match change.tx.get(&key) {
            None => make_group(change, manager, key, ports),
            Some(group) if group.body.get("namedPorts") != ports.as_ref() => {
                instance_group::store_ports(change, &key, &ports.unwrap_or_else(|| json!([])));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn deleted(
        &self,
        change: &mut Change<'_, '_>,
        manager: &Resource,
    ) -> Result<Vec<Command>, ApiError> {
        let group = instance_group::group(&manager.key);
        // A backend service names the group, not its manager.
        references::check_unused(change, &group)?;
        change.tx.delete(&group);
        Ok(Vec::new())
    }

    fn view(&self, cloud: &Cloud, manager: &Resource, image: &mut Image<'_>) {
        let instances = cloud.instances_of(&manager.key);
        let mut actions = Map::new();
        for action in ACTIONS {
            let name = action_field(action);
            let count = instances
                .iter()
                .filter(|instance| instance.action == action)
                .count();
            actions.insert(name, json!(count));
        }
        let state = cloud.group_state(manager);
        let autoscalers = cloud
            .store()
            .list(Kind::Autoscaler, Some(&manager.key.scope));
        let autoscaler = autoscaler::of_group(&autoscalers, &cloud.store().url(&manager.key));
        let mut status = json!({
            "isStable": state.stable,
            "versionTarget": {"isReached": state.version_reached},
            "allInstancesConfig": {"effective": true},
            "stateful": {"hasStatefulConfig": false, "perInstanceConfigs": {"allEffective": true}},
        });
        if let Some(autoscaler) = autoscaler {
            status["autoscaler"] = json!(cloud.store().url(&autoscaler.key));
        }
        updates::calculate(manager, image);
        image.insert("currentActions", Value::Object(actions));
        image.insert("status", status);
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        let change = |operation, decide| Some(Verb::Change { operation, decide });
        match name {
            "listManagedInstances" => Some(Verb::Read(list_managed_instances)),
            "listErrors" => Some(Verb::View(list_errors)),
            "resize" => change("compute.instanceGroupManagers.resize", resize),
            "deleteInstances" => change(
                "compute.instanceGroupManagers.deleteInstances",
                delete_instances,
            ),
            "recreateInstances" => change(
                "compute.instanceGroupManagers.recreateInstances",
                recreate_instances,
            ),
            "applyUpdatesToInstances" => change(
                "compute.instanceGroupManagers.applyUpdatesToInstances",
                updates::apply_updates,
            ),
            "abandonInstances" => change(
                "compute.instanceGroupManagers.abandonInstances",
                membership::abandon_instances,
            ),
            "createInstances" => change(
                "compute.instanceGroupManagers.createInstances",
                membership::create_instances,
            ),
            "setInstanceTemplate" => change(
                "compute.instanceGroupManagers.setInstanceTemplate",
                set_instance_template,
            ),
            _ => None,
        }
    }
}

/// What a group can be doing with an instance.
const ACTIONS: [&str; 13] = [
    "NONE",
    "CREATING",
    "CREATING_WITHOUT_RETRIES",
    "RECREATING",
    "DELETING",
    "ABANDONING",
    "RESTARTING",
    "REFRESHING",
    "VERIFYING",
    "SUSPENDING",
    "RESUMING",
    "STOPPING",
    "STARTING",
];

/// `CREATING_WITHOUT_RETRIES` as a field: `creatingWithoutRetries`.
fn action_field(action: &str) -> String {
    let mut words = action.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1);
        name + &head.to_uppercase() + tail
    })
}

/// All instances at once, whatever page is asked for, unless the group was told to give pages.
fn list_managed_instances(
    cloud: &Cloud,
    manager: &Resource,
    call: &Call,
) -> Result<Value, ApiError> {
    const FIELD: &str = "managedInstances";
    let check = manager.text("autoHealingPolicies/0/healthCheck");
    let instances = cloud.instances_of(&manager.key);
    let shaped = instances
        .iter()
        .map(|instance| instance.managed(cloud.store(), check))
        .collect();
    if manager.text("listManagedInstancesResults") == Some("PAGINATED") {
        return lists::of_values(Map::new(), FIELD, shaped, call);
    }
    lists::all_of_values(FIELD, shaped, call)
}

fn list_errors(cloud: &Cloud, manager: &Resource) -> Value {
    let errors = cloud.errors_of(&manager.key);
    if errors.is_empty() {
        json!({})
    } else {
        json!({"items": errors})
    }
}
