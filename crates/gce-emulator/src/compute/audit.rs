//! The admin activity log: who changed what, as Google's audit log has it.

use serde_json::{Map, Value, json};

use super::{call::Call, change::Change, paths, table};
use crate::{
    resource::{Kind, Resource, Scope},
    store::LogEntry,
};

/// What an entry says beyond who called.
pub(crate) struct Activity<'a> {
    /// The host of the API: `compute.googleapis.com`.
    pub(crate) service: &'a str,
    /// For example `v1.compute.autoscalers.patch`.
    pub(crate) method: &'a str,
    /// The path of what was changed.
    pub(crate) resource_name: String,
    /// The monitored resource: type and labels.
    pub(crate) resource: Value,
    /// What was asked, without what nobody is shown again.
    pub(crate) request: Map<String, Value>,
    pub(crate) operation: Option<&'a str>,
}

impl Activity<'_> {
    pub(crate) fn entry(self, change: &Change<'_, '_>, call: &Call) -> LogEntry {
        let mut body = Map::new();
        body.insert("severity".into(), json!("NOTICE"));
        body.insert("resource".into(), self.resource);
        if let Some(id) = self.operation {
            let operation =
                json!({"id": id, "producer": self.service, "first": true, "last": true});
            body.insert("operation".into(), operation);
        }
        body.insert(
            "protoPayload".into(),
            json!({
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": self.service,
                "methodName": self.method,
                "resourceName": self.resource_name,
                "authenticationInfo": {"principalEmail": call.principal},
                "requestMetadata": {"callerIp": "127.0.0.1", "callerSuppliedUserAgent": call.user_agent},
                "request": self.request,
            }),
        );
        let log = format!(
            "projects/{}/logs/cloudaudit.googleapis.com%2Factivity",
            change.project
        );
        LogEntry::new(change.now, log, body)
    }
}

/// The entry of a mutation. `method` is `v1.compute.autoscalers.patch`.
pub(super) fn activity(
    change: &Change<'_, '_>,
    call: &Call,
    method: &str,
    target: &Resource,
    operation: &str,
) -> LogEntry {
    let activity = Activity {
        service: "compute.googleapis.com",
        method,
        resource_name: change.path(&target.key),
        resource: resource(change, target),
        request: request(call, target),
        operation: Some(operation),
    };
    activity.entry(change, call)
}

/// What was asked, without what nobody is shown again.
fn request(call: &Call, target: &Resource) -> Map<String, Value> {
    let mut body = call.body.clone();
    for path in table::row(target.key.kind).map_or(&[][..], |row| row.secret) {
        paths::remove(&mut body, path);
    }
    body
}

/// The monitored resource that an entry is about: type and labels.
fn resource(change: &Change<'_, '_>, target: &Resource) -> Value {
    let kind = match target.key.kind {
        Kind::Instance => "gce_instance",
        Kind::InstanceGroup => "gce_instance_group",
        Kind::InstanceGroupManager => "gce_instance_group_manager",
        Kind::InstanceTemplate => "gce_instance_template",
        Kind::Autoscaler => "gce_autoscaler",
        Kind::HealthCheck => "gce_health_check",
        Kind::BackendService => "gce_backend_service",
        Kind::UrlMap => "gce_url_map",
        Kind::TargetHttpProxy => "gce_target_http_proxy",
        Kind::TargetHttpsProxy => "gce_target_https_proxy",
        Kind::SslCertificate => "gce_ssl_certificate",
        Kind::SslPolicy => "gce_ssl_policy",
        Kind::Address => "gce_reserved_address",
        Kind::Firewall => "gce_firewall_rule",
        Kind::ForwardingRule => "gce_forwarding_rule",
        _ => "audited_resource",
    };
    let noun = kind.trim_start_matches("gce_");
    let location = match &target.key.scope {
        Scope::Global => "global",
        Scope::Region(name) | Scope::Zone(name) => name,
    };
    let mut labels = Map::new();
    labels.insert("project_id".into(), json!(change.project));
    labels.insert("location".into(), json!(location));
    labels.insert(format!("{noun}_id"), json!(target.id.to_string()));
    labels.insert(format!("{noun}_name"), json!(target.key.name));
    json!({"type": kind, "labels": labels})
}
