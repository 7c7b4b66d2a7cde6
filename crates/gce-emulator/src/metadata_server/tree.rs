//! What the metadata server knows, as a tree.

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::{
    fleet, identity,
    resource::{Key, PROJECT_NUMBER, Resource, Scope, last_segment},
    store::Store,
};

/// The scope that tokens are good for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long a token is said to be good.
const TOKEN_SECONDS: u32 = 3599;

/// Whom a metadata server is about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    store: Store,
    instance: Option<Key>,
}

impl Subject {
    pub(super) fn instance(store: Store, instance: Key) -> Self {
        Self {
            store,
            instance: Some(instance),
        }
    }

    pub(super) fn project(store: Store) -> Self {
        Self {
            store,
            instance: None,
        }
    }

    /// Bumps when anything may have changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.store.changes()
    }

    /// The tree as it is now: objects are directories. `computeMetadata/v1/` is its root.
    pub(super) fn tree(&self) -> Value {
        let project = self.store.project();
        let mut root = json!({
            "project": {
                "project-id": project,
                "numeric-project-id": PROJECT_NUMBER,
                "attributes": {},
            },
            "universe": {"universe-domain": "googleapis.com"},
        });
        if let Some(instance) = self.instance.as_ref().and_then(|key| self.store.get(key)) {
            root["instance"] = instance_tree(&self.store, &instance);
            if fleet::is_preempted(&self.store, &instance.key) {
                root["instance"]["preempted"] = json!("TRUE");
            }
        } else if self.instance.is_none() {
            root["instance"] = json!({"service-accounts": accounts(&self.store, None)});
        }
        root
    }
}

fn instance_tree(store: &Store, instance: &Resource) -> Value {
    let project = store.project();
    let text = |path: &str| instance.text(path).unwrap_or_default();
    let zone = match &instance.key.scope {
        Scope::Zone(name) | Scope::Region(name) => name.as_str(),
        Scope::Global => "",
    };
    let name = &instance.key.name;
    let tags = instance
        .field("tags/items")
        .cloned()
        .unwrap_or_else(|| json!([]));
    json!({
        "attributes": attributes(instance),
        "cpu-platform": "Intel Broadwell",
        "description": text("description"),
        "hostname": format!("{name}.{zone}.c.{project}.internal"),
        "id": instance.id,
        "image": "",
        "machine-type": format!(
            "projects/{PROJECT_NUMBER}/machineTypes/{}", last_segment(text("machineType"))
        ),
        "maintenance-event": "NONE",
        "name": name,
        "network-interfaces": {"0": {
            "ip": text("networkInterfaces/0/networkIP"),
            "network": format!("projects/{PROJECT_NUMBER}/networks/default"),
        }},
        "preempted": "FALSE",
        "scheduling": {
            "automatic-restart": "TRUE", "on-host-maintenance": "MIGRATE", "preemptible": "FALSE",
        },
        "service-accounts": accounts(store, Some(instance)),
        "tags": tags,
        "zone": format!("projects/{PROJECT_NUMBER}/zones/{zone}"),
    })
}

fn attributes(instance: &Resource) -> Map<String, Value> {
    let items = instance.field("metadata/items").and_then(Value::as_array);
    let pair = |item: &Value| Some((item["key"].as_str()?.to_owned(), item["value"].clone()));
    items.into_iter().flatten().filter_map(pair).collect()
}

fn accounts(store: &Store, instance: Option<&Resource>) -> Value {
    let email = identity::service_account(store.project(), instance);
    let account = json!({
        "aliases": ["default"],
        "email": email,
        "scopes": [SCOPE],
        "token": {
            "access_token": identity::token(store, &email),
            "expires_in": TOKEN_SECONDS,
            "token_type": "Bearer",
        },
    });
    json!({"default": account, email: account})
}
