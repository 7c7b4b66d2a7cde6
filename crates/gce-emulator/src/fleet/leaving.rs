//! Which instances somebody wants gone, written down with the size that their group gets by it.
//!
//! `deleteInstances` names its victims *and* makes the group smaller. Were the two told apart, the
//! reconciler could see the smaller size first and choose victims of its own.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    resource::{Key, Kind, Resource},
    store::{Store, Write},
};

const PREFIX: &str = "fleet.leaving/";

/// The write by which an instance is told to go, to be stored together with its group's new size.
pub fn leaves(instance: &Key) -> Write {
    Write::kv(note(instance), "1")
}

/// The write that forgets it, for when the instance is gone.
pub(super) fn forget(instance: &Key) -> Write {
    forget_note(note(instance))
}

/// The writes that forget all instances of an earlier run.
pub(super) fn forget_all(store: &Store) -> Vec<Write> {
    store
        .kv_prefix(PREFIX)
        .into_keys()
        .map(forget_note)
        .collect()
}

/// All managers, and the notes that belong to the sizes they have.
pub(super) fn managers_and_notes(store: &Store) -> (Vec<Arc<Resource>>, Notes) {
    loop {
        let notes = store.kv_prefix(PREFIX);
        let managers = store.list(Kind::InstanceGroupManager, None);
        // A commit between the two reads would show sizes without their notes.
        if notes == store.kv_prefix(PREFIX) {
            return (managers, Notes(notes));
        }
    }
}

/// Who is to go.
pub(super) struct Notes(BTreeMap<String, String>);

impl Notes {
    pub(super) fn name(&self, instance: &Key) -> bool {
        self.0.contains_key(&note(instance))
    }
}

fn note(instance: &Key) -> String {
    format!("{PREFIX}{}/{}", instance.scope, instance.name)
}

fn forget_note(key: String) -> Write {
    Write::Kv { key, value: None }
}
