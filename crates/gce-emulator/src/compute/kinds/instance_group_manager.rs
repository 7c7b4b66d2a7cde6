//! Managed instance groups: what should be, and in the view what is.

use serde_json::{Map, Value, json};

use super::{autoscaler, instance_group};
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::{Behaviour, Change, Command, Verb},
        fingerprint, references,
    },
    error::ApiError,
    fleet,
    resource::{Key, Kind, Resource},
};

/// The longest base of instance names: a dash and four characters follow.
const BASE_NAME: usize = 58;

/// How many instances one call may name.
const INSTANCES: usize = 1000;

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
        if old.is_some_and(|old| old.get("targetSize") != body.get("targetSize")) {
            refuse_if_autoscaled(change, key)?;
        }
        complete(change, key, body);
        Ok(())
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

    fn view(&self, cloud: &Cloud, manager: &Resource, body: &mut Map<String, Value>) {
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
        let target = manager.number("targetSize").unwrap_or_default();
        let quiet = instances.iter().all(|instance| instance.action == "NONE");
        let template = manager.text("instanceTemplate");
        let reached = instances
            .iter()
            .all(|instance| Some(instance.template.as_str()) == template);
        let autoscalers = cloud
            .store()
            .list(Kind::Autoscaler, Some(&manager.key.scope));
        let autoscaler = autoscaler::of_group(&autoscalers, &cloud.store().url(&manager.key));
        let mut status = json!({
            "isStable": quiet && usize::try_from(target) == Ok(instances.len()),
            "versionTarget": {"isReached": reached},
            "allInstancesConfig": {"effective": true},
            "stateful": {"hasStatefulConfig": false, "perInstanceConfigs": {"allEffective": true}},
        });
        if let Some(autoscaler) = autoscaler {
            status["autoscaler"] = json!(cloud.store().url(&autoscaler.key));
        }
        body.insert("currentActions".into(), Value::Object(actions));
        body.insert("status".into(), status);
    }

    fn verb(&self, name: &str) -> Option<Verb> {
        let change = |operation, decide| Some(Verb::Change { operation, decide });
        match name {
            "listManagedInstances" => Some(Verb::View(list_managed_instances)),
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

/// `instanceTemplate` and `versions` say the same twice; whichever the caller changed leads.
fn align_template(
    old: Option<&Map<String, Value>>,
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let old = |field: &str| old.and_then(|old| old.get(field));
    let template_changed = body.get("instanceTemplate") != old("instanceTemplate");
    let versions_changed = body.get("versions") != old("versions");
    let versions = body
        .get("versions")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty());
    if versions.is_none() || (template_changed && !versions_changed) {
        let template = body
            .get("instanceTemplate")
            .filter(|template| template.is_string());
        let template = template.ok_or_else(|| ApiError::required("resource.instanceTemplate"))?;
        let versions = json!([{"instanceTemplate": template}]);
        body.insert("versions".into(), versions);
        return Ok(());
    }
    let versions = versions.map_or(&[][..], Vec::as_slice);
    let without_size = versions
        .iter()
        .filter(|version| version.get("targetSize").is_none());
    let main: Vec<&Value> = without_size.collect();
    match main[..] {
        [version] => {
            let template = version.get("instanceTemplate").cloned();
            let template =
                template.ok_or_else(|| ApiError::required("resource.versions.instanceTemplate"))?;
            body.insert("instanceTemplate".into(), template);
            Ok(())
        }
        _ => Err(ApiError::invalid(
            "resource.versions",
            &versions.len().to_string(),
            "Exactly one version must have no target size.",
        )),
    }
}

fn complete(change: &Change<'_, '_>, key: &Key, body: &mut Map<String, Value>) {
    body.insert(
        "instanceGroup".into(),
        json!(change.url(&instance_group::group(key))),
    );
    let policy = body.entry("updatePolicy").or_insert_with(|| json!({}));
    for field in ["maxSurge", "maxUnavailable"] {
        if policy.get(field).is_none() {
            policy[field] = json!({"fixed": 1, "calculated": 1});
        }
    }
    for (field, value) in [
        ("type", "OPPORTUNISTIC"),
        ("minimalAction", "REPLACE"),
        ("replacementMethod", "SUBSTITUTE"),
    ] {
        if policy.get(field).is_none() {
            policy[field] = json!(value);
        }
    }
    // gcloud clears autohealing with a list of one empty policy.
    let cleared = body
        .get("autoHealingPolicies")
        .is_some_and(|policies| *policies == json!([{}]));
    if cleared {
        body.remove("autoHealingPolicies");
    }
}

fn make_group(change: &mut Change<'_, '_>, manager: &Resource, key: Key, ports: Option<Value>) {
    let mut body = Map::new();
    body.insert(
        "creationTimestamp".into(),
        manager.body["creationTimestamp"].clone(),
    );
    body.insert("fingerprint".into(), fingerprint::fresh());
    body.insert(
        "description".into(),
        json!("This instance group is controlled by a manager."),
    );
    body.insert(
        "network".into(),
        json!(change.url(&Key::global(Kind::Network, "default"))),
    );
    body.extend(ports.map(|ports| ("namedPorts".to_owned(), ports)));
    let mut group = Resource::new(key, body);
    let mut body = std::mem::take(&mut group.body);
    crate::compute::image::complete(change.project, &group, &mut body);
    group.body = body;
    change.tx.put(group);
}

/// While an autoscaler steers the group, nobody else sets its size.
fn refuse_if_autoscaled(change: &Change<'_, '_>, key: &Key) -> Result<(), ApiError> {
    let autoscalers = change.tx.list(Kind::Autoscaler, Some(&key.scope));
    let autoscaler = autoscaler::of_group(&autoscalers, &change.url(key));
    let mode = autoscaler.map(|found| found.text("autoscalingPolicy/mode").unwrap_or("ON"));
    if matches!(mode, Some("ON")) {
        return Err(ApiError::condition_not_met(
            "Resizing of autoscaled zonal managed instance groups is not allowed.",
        ));
    }
    Ok(())
}

fn resize(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let size = call
        .number::<u32>("size")?
        .ok_or_else(|| ApiError::required("size"))?;
    if size > 1000 {
        return Err(ApiError::invalid(
            "size",
            &size.to_string(),
            "It must be from 0 to 1000.",
        ));
    }
    refuse_if_autoscaled(change, &manager.key)?;
    set_size(change, &manager.key, i64::from(size));
    Ok(Vec::new())
}

fn set_size(change: &mut Change<'_, '_>, manager: &Key, size: i64) {
    change.tx.update(manager, |body| {
        body.insert("targetSize".into(), json!(size));
        body.insert("fingerprint".into(), fingerprint::fresh());
    });
}

fn delete_instances(
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

fn recreate_instances(
    change: &mut Change<'_, '_>,
    manager: &Resource,
    call: &Call,
) -> Result<Vec<Command>, ApiError> {
    let instances = members(change, manager, call)?;
    Ok(vec![Command::Recreate(instances)])
}

/// The instances that a call names, all of them members of the group.
fn members(change: &Change<'_, '_>, manager: &Resource, call: &Call) -> Result<Vec<Key>, ApiError> {
    let names = call.instances()?;
    if names.is_empty() || names.len() > INSTANCES {
        let why = "It must name from 1 to 1000 instances.";
        return Err(ApiError::invalid(
            "instances",
            &names.len().to_string(),
            why,
        ));
    }
    let skip = call.body.get("skipInstancesOnValidationError") == Some(&json!(true));
    let mut members = Vec::new();
    for name in names {
        let key = Key::new(Kind::Instance, manager.key.scope.clone(), name);
        let group = change
            .tx
            .get(&key)
            .and_then(|instance| super::instance::group_of(&instance));
        if group
            .as_ref()
            .is_some_and(|group| group.name == manager.key.name)
        {
            members.push(key);
        } else if !skip {
            let why = format!("Must be a member of '{}'.", change.path(&manager.key));
            return Err(ApiError::invalid("instances", &change.path(&key), &why));
        }
    }
    Ok(members)
}

fn set_instance_template(
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

fn list_managed_instances(cloud: &Cloud, manager: &Resource) -> Value {
    let check = manager.text("autoHealingPolicies/0/healthCheck");
    let instances = cloud.instances_of(&manager.key);
    if instances.is_empty() {
        return json!({});
    }
    let managed = instances
        .iter()
        .map(|instance| instance.managed(cloud.store(), check));
    json!({"managedInstances": managed.collect::<Vec<Value>>()})
}

fn list_errors(cloud: &Cloud, manager: &Resource) -> Value {
    let errors = cloud.errors_of(&manager.key);
    if errors.is_empty() {
        json!({})
    } else {
        json!({"items": errors})
    }
}
