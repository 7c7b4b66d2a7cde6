//! What is read: all resources and small values in memory, ordered as lists want them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::Write;
use crate::resource::{Key, Kind, Resource, Scope};

#[derive(Debug, Default)]
pub(super) struct Index {
    kinds: HashMap<Kind, BTreeMap<Scope, BTreeMap<String, Arc<Resource>>>>,
    pub(super) kv: BTreeMap<String, String>,
}

impl Index {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Resource>> {
        self.kinds
            .get(&key.kind)?
            .get(&key.scope)?
            .get(&key.name)
            .cloned()
    }

    pub(super) fn list(&self, kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
        let Some(scopes) = self.kinds.get(&kind) else {
            return Vec::new();
        };
        match scope {
            Some(scope) => scopes
                .get(scope)
                .into_iter()
                .flat_map(BTreeMap::values)
                .cloned()
                .collect(),
            None => scopes
                .values()
                .flat_map(BTreeMap::values)
                .cloned()
                .collect(),
        }
    }

    pub(super) fn put(&mut self, resource: Arc<Resource>) {
        let Key { kind, scope, name } = resource.key.clone();
        self.kinds
            .entry(kind)
            .or_default()
            .entry(scope)
            .or_default()
            .insert(name, resource);
    }

    fn delete(&mut self, key: &Key) {
        if let Some(names) = self
            .kinds
            .get_mut(&key.kind)
            .and_then(|scopes| scopes.get_mut(&key.scope))
        {
            names.remove(&key.name);
        }
    }

    /// Shows what SQLite has already committed.
    pub(super) fn apply(&mut self, write: Write) {
        match write {
            Write::Put(resource) => self.put(Arc::new(resource)),
            Write::Delete(key) => self.delete(&key),
            Write::Kv {
                key,
                value: Some(value),
            } => _ = self.kv.insert(key, value),
            Write::Kv { key, value: None } => _ = self.kv.remove(&key),
            Write::Log(_) => {}
        }
    }
}
