//! An instance as lists of a group show it.

use serde_json::{Value, json};

use crate::{
    fleet::{Machine, Version},
    resource::{Key, last_segment},
    store::Store,
};

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: Key,
    pub(crate) id: u64,
    pub(crate) group: Option<Key>,
    /// Google's `instanceStatus`.
    pub(crate) status: &'static str,
    /// Google's `currentAction`.
    pub(crate) action: &'static str,
    pub(crate) version: Version,
    /// What the autohealing check says.
    pub(crate) healthy: Option<bool>,
    pub(crate) pid: Option<u32>,
    pub(crate) port: Option<u16>,
    pub(crate) error: Option<Value>,
}

impl Member {
    pub(crate) fn new(machine: &Machine, store: &Store) -> Self {
        let error = machine.last_error.as_ref();
        Self {
            key: machine.key.clone(),
            id: store.get(&machine.key).map_or(0, |instance| instance.id),
            group: machine.group.clone(),
            status: machine.status.as_str(),
            action: machine.action.as_str(),
            version: machine.version.clone(),
            healthy: machine.healthy,
            pid: machine.pid,
            port: machine.listens.map(|listens| listens.addr.port()),
            error: error.map(|error| json!({"code": error.code, "message": error.message})),
        }
    }

    /// An element of `listManagedInstances`; `check` is the URL of the autohealing check.
    pub(crate) fn managed(&self, store: &Store, check: Option<&str>) -> Value {
        let mut managed = json!({
            "name": self.key.name,
            "instance": store.url(&self.key),
            "id": self.id.to_string(),
            "instanceStatus": self.status,
            "currentAction": self.action,
            "version": {"instanceTemplate": self.version.template},
        });
        if let Some(name) = &self.version.name {
            managed["version"]["name"] = json!(name);
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
