//! An instance as lists of a group show it.

use serde_json::{Value, json};

use crate::{
    compute::group_of,
    resource::{Key, Resource, last_segment},
    store::Store,
};

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: Key,
    pub(crate) id: u64,
    pub(crate) group: Option<Key>,
    /// Google's `instanceStatus`; empty while there is no machine.
    pub(crate) status: String,
    /// Google's `currentAction`.
    pub(crate) action: String,
    /// The URL of its template.
    pub(crate) template: Option<String>,
    /// What the autohealing check says.
    pub(crate) healthy: Option<bool>,
    pub(crate) pid: Option<u32>,
    pub(crate) port: Option<u16>,
    pub(crate) error: Option<Value>,
}

impl Member {
    pub(crate) fn new(instance: &Resource) -> Self {
        Self {
            key: instance.key.clone(),
            id: instance.id,
            group: group_of(instance),
            status: instance.text("status").unwrap_or_default().to_owned(),
            action: "NONE".to_owned(),
            template: None,
            healthy: None,
            pid: None,
            port: None,
            error: None,
        }
    }

    /// An element of `listManagedInstances`; `check` is the URL of the autohealing check.
    pub(crate) fn managed(&self, store: &Store, check: Option<&str>) -> Value {
        let mut managed = json!({
            "name": self.key.name,
            "instance": store.url(&self.key),
            "id": self.id.to_string(),
            "currentAction": self.action,
            "version": {"instanceTemplate": self.template},
        });
        if !self.status.is_empty() {
            managed["instanceStatus"] = json!(self.status);
        }
        if let (Some(check), Some(healthy)) = (check, self.healthy) {
            let state = if healthy { "HEALTHY" } else { "UNHEALTHY" };
            managed["instanceHealth"] =
                json!([{"healthCheck": check, "detailedHealthState": state}]);
        }
        if let Some(error) = &self.error {
            managed["lastAttempt"] = json!({"errors": {"errors": [error]}});
        }
        managed
    }

    /// An element of `/_emulator/instances`.
    pub(crate) fn inspect(&self) -> Value {
        json!({
            "name": self.key.name,
            "zone": last_segment(&self.key.scope.to_string()),
            "group": self.group.as_ref().map(|group| &group.name),
            "pid": self.pid,
            "port": self.port,
            "state": self.status,
            "action": self.action,
            "healthy": self.healthy,
        })
    }
}
