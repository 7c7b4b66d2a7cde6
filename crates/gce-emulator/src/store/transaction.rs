//! The view in which a change is decided.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use super::{LogEntry, Write, index::Index};
use crate::resource::{Key, Kind, Resource, Scope};

/// Resources that are decided but not committed; `None` is a deletion.
pub(super) type Overlay = HashMap<Key, Option<Arc<Resource>>>;

/// What a job sees and collects: the state with all earlier jobs of its group, and its own writes.
#[derive(Debug)]
pub struct Transaction<'a> {
    index: &'a Index,
    group: &'a Overlay,
    own: Overlay,
    writes: Vec<Write>,
}

impl Transaction<'_> {
    /// The view of a job before it has done anything.
    pub(super) fn new<'a>(index: &'a Index, group: &'a Overlay) -> Transaction<'a> {
        Transaction {
            index,
            group,
            own: Overlay::new(),
            writes: Vec::new(),
        }
    }

    /// What the job decided: for the jobs behind it, and for the file.
    pub(super) fn into_parts(self) -> (Overlay, Vec<Write>) {
        (self.own, self.writes)
    }

    /// A resource as this job left it.
    pub fn get(&self, key: &Key) -> Option<Arc<Resource>> {
        match self.own.get(key).or_else(|| self.group.get(key)) {
            Some(decided) => decided.clone(),
            None => self.index.get(key),
        }
    }

    /// All resources of a kind as this job left them, by scope and name.
    pub fn list(&self, kind: Kind, scope: Option<&Scope>) -> Vec<Arc<Resource>> {
        let wanted = |key: &Key| key.kind == kind && scope.is_none_or(|scope| *scope == key.scope);
        let mut found: HashMap<Key, Arc<Resource>> = HashMap::new();
        for resource in self.index.list(kind, scope) {
            found.insert(resource.key.clone(), resource);
        }
        for (key, decided) in self
            .group
            .iter()
            .chain(&self.own)
            .filter(|(key, _)| wanted(key))
        {
            match decided {
                Some(resource) => _ = found.insert(key.clone(), Arc::clone(resource)),
                None => _ = found.remove(key),
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    /// Inserts or replaces a resource.
    pub fn put(&mut self, resource: Resource) -> Arc<Resource> {
        let shared = Arc::new(resource.clone());
        self.own
            .insert(resource.key.clone(), Some(Arc::clone(&shared)));
        self.writes.push(Write::Put(resource));
        shared
    }

    /// Removes a resource.
    pub fn delete(&mut self, key: &Key) {
        self.own.insert(key.clone(), None);
        self.writes.push(Write::Delete(key.clone()));
    }

    /// Changes the body of a resource, if it is there.
    pub fn update(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Option<Arc<Resource>> {
        let mut resource = Resource::clone(&*self.get(key)?);
        change(&mut resource.body);
        Some(self.put(resource))
    }

    /// Appends a log entry.
    pub fn log(&mut self, entry: LogEntry) {
        self.writes.push(Write::Log(entry));
    }

    /// Adds writes as they are.
    pub fn extend(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put(resource) => _ = self.put(resource),
                Write::Delete(key) => self.delete(&key),
                other => self.writes.push(other),
            }
        }
    }
}
