//! Log entries of what the cloud does by itself, in the shape of Google's system events.

use autoscaler::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    resource::{Key, Resource, Scope},
    store::{LogEntry, Store},
};

/// The entry of a repair: an instance died, or its autohealing check failed, and it is made anew.
pub(super) fn repair(store: &Store, instance: &Resource, why: &str, at: Timestamp) -> LogEntry {
    let method = "compute.instances.repair.recreateInstance";
    of_instance(store, instance, method, why, at)
}

/// The entry of a machine that was taken back.
pub(super) fn preemption(store: &Store, instance: &Resource, at: Timestamp) -> LogEntry {
    let why = "Instance was preempted.";
    of_instance(store, instance, "compute.instances.preempted", why, at)
}

fn of_instance(
    store: &Store,
    instance: &Resource,
    method: &str,
    why: &str,
    at: Timestamp,
) -> LogEntry {
    let resource = json!({
        "type": "gce_instance",
        "labels": {
            "project_id": store.project(),
            "zone": location(&instance.key),
            "instance_id": instance.id.to_string(),
        },
    });
    entry(
        store,
        &instance.key,
        method,
        resource,
        json!({"status": {"message": why}}),
        at,
    )
}

/// A system event about a resource. `more` is merged into its `protoPayload`.
pub(super) fn entry(
    store: &Store,
    target: &Key,
    method: &str,
    resource: Value,
    more: Value,
    at: Timestamp,
) -> LogEntry {
    let mut payload = json!({
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "compute.googleapis.com",
        "methodName": method,
        "resourceName": target.path(store.project()),
        "authenticationInfo": {"principalEmail": "system@google.com"},
    });
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more);
    }
    let mut body = Map::new();
    body.insert("severity".into(), json!("INFO"));
    body.insert("resource".into(), resource);
    body.insert("protoPayload".into(), payload);
    let project = store.project();
    LogEntry::new(
        at,
        format!("projects/{project}/logs/cloudaudit.googleapis.com%2Fsystem_event"),
        body,
    )
}

/// The zone or region of a key, as labels have it.
pub(super) fn location(key: &Key) -> &str {
    match &key.scope {
        Scope::Global => "global",
        Scope::Region(name) | Scope::Zone(name) => name,
    }
}
