//! Which instances somebody wants gone and which names somebody wants given, written down with the
//! size that their group gets by it.
//!
//! `deleteInstances` names its victims *and* makes the group smaller. Were the two told apart, the
//! reconciler could see the smaller size first and choose victims of its own. `createInstances` is
//! the same the other way round; its names stay the group's until their instances are deleted. And
//! `abandonInstances` makes a group smaller by instances that live on.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    resource::{Key, Kind, Resource},
    store::{Store, Write},
};

const PREFIX: &str = "fleet.leaving/";

const NAMES: &str = "fleet.named/";

const ALONE: &str = "fleet.alone/";

/// The write by which an instance is of no group any more, to be stored together with the group's
/// new size.
pub fn lets_go(instance: &Key) -> Write {
    Write::kv(alone_note(instance), "1")
}

fn alone_note(instance: &Key) -> String {
    format!("{ALONE}{}/{}", instance.scope, instance.name)
}

/// Whether an instance is of no group any more.
pub(super) fn is_alone(store: &Store, instance: &Key) -> bool {
    store.kv(&alone_note(instance)).is_some()
}

/// The write by which a group has an instance of this name, to be stored together with the group's
/// new size.
pub fn names(group: &Key, name: &str) -> Write {
    Write::kv(name_note(group, name), "1")
}

/// The write that forgets a name of [`names`].
pub fn forget_name(group: &Key, name: &str) -> Write {
    forget_note(name_note(group, name))
}

fn name_note(group: &Key, name: &str) -> String {
    format!("{NAMES}{}/{}/{name}", group.scope, group.name)
}

/// The write by which an instance is told to go, to be stored together with its group's new size.
pub fn leaves(instance: &Key) -> Write {
    Write::kv(note(instance), "1")
}

/// The writes that forget all of an instance, for when it is gone.
pub(super) fn forget(instance: &Key) -> [Write; 3] {
    let notes = [
        note(instance),
        alone_note(instance),
        preempted_note(instance),
    ];
    notes.map(forget_note)
}

/// The write by which an instance's metadata says that its machine is being taken back.
pub(super) fn preempts(instance: &Key) -> Write {
    Write::kv(preempted_note(instance), "1")
}

/// The write that takes it back, for when it has another machine.
pub(super) fn forget_preemption(instance: &Key) -> Write {
    forget_note(preempted_note(instance))
}

/// Whether an instance's machine is being taken back.
pub(crate) fn is_preempted(store: &Store, instance: &Key) -> bool {
    store.kv(&preempted_note(instance)).is_some()
}

fn preempted_note(instance: &Key) -> String {
    format!("fleet.preempted/{}/{}", instance.scope, instance.name)
}

/// The writes that forget what no longer concerns anybody after an earlier run: who was to go, and
/// the names in groups that are gone.
pub(super) fn forget_all(store: &Store) -> Vec<Write> {
    let managers = store.list(Kind::InstanceGroupManager, None);
    let has_group = |note: &String| {
        let mut groups = managers.iter().map(|manager| name_note(&manager.key, ""));
        groups.any(|group| note.starts_with(&group))
    };
    let names = store.kv_prefix(NAMES).into_keys();
    let leaving = store.kv_prefix(PREFIX).into_keys();
    let gone = names.filter(|note| !has_group(note)).chain(leaving);
    gone.map(forget_note).collect()
}

/// All managers, and the notes that belong to the sizes they have.
pub(super) fn managers_and_notes(store: &Store) -> (Vec<Arc<Resource>>, Notes) {
    loop {
        let notes = Notes::read(store);
        let managers = store.list(Kind::InstanceGroupManager, None);
        // A commit between the two reads would show sizes without their notes.
        if notes == Notes::read(store) {
            return (managers, notes);
        }
    }
}

/// Who is to go, who is of no group any more, and which names are to be given.
#[derive(PartialEq)]
pub(super) struct Notes {
    leaving: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    alone: BTreeMap<String, String>,
}

impl Notes {
    fn read(store: &Store) -> Self {
        Self {
            leaving: store.kv_prefix(PREFIX),
            names: store.kv_prefix(NAMES),
            alone: store.kv_prefix(ALONE),
        }
    }

    pub(super) fn name(&self, instance: &Key) -> bool {
        self.leaving.contains_key(&note(instance))
    }

    /// Whether an instance is of no group any more.
    pub(super) fn let_go(&self, instance: &Key) -> bool {
        self.alone.contains_key(&alone_note(instance))
    }

    /// The names that a group's instances are to have.
    pub(super) fn names_for(&self, group: &Key) -> Vec<String> {
        let prefix = name_note(group, "");
        let names = self
            .names
            .keys()
            .filter_map(|note| note.strip_prefix(&prefix));
        names.map(str::to_owned).collect()
    }
}

fn note(instance: &Key) -> String {
    format!("{PREFIX}{}/{}", instance.scope, instance.name)
}

fn forget_note(key: String) -> Write {
    Write::Kv { key, value: None }
}
