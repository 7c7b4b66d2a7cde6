//! The way to the fleet for the rest of the cloud.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use autoscaler::Hold;
use tokio::sync::watch;

use super::{
    context::Context,
    groups::{self, GroupState},
    machine::{Machine, MachineError},
    orders::Rework,
    plan::Leaving,
    version::{UpdateAction, Version, needed_action},
};
use crate::{
    resource::{Key, Resource},
    routing::Endpoint,
};

/// The way to the fleet for the rest of the cloud. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FleetHandle {
    pub(super) context: Arc<Context>,
}

impl FleetHandle {
    /// All instances, by zone and name.
    pub fn machines(&self) -> Arc<Vec<Machine>> {
        self.context.roster.machines()
    }

    /// Follows [`FleetHandle::machines`].
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Machine>>> {
        self.context.roster.watch()
    }

    /// The instances of a group, which is of kind `InstanceGroupManager`.
    pub fn group_machines(&self, group: &Key) -> Vec<Machine> {
        let machines = self.machines();
        machines
            .iter()
            .filter(|machine| machine.group.as_ref() == Some(group))
            .cloned()
            .collect()
    }

    /// Utilization of an instance over the last 60 seconds of the clock, once known.
    pub fn cpu(&self, instance: &Key) -> Option<f64> {
        self.context.roster.cpu(instance)
    }

    /// Has instances drained and ended for good. Whether the group then makes others is up to its
    /// target size. Names that do not exist (any more) are passed over.
    pub fn delete_instances(&self, instances: &[Key]) {
        for key in instances {
            self.context.roster.dismiss(key, Leaving::Removed);
        }
    }

    /// Has instances drained, ended and made anew from the version that is meant for each now.
    pub fn recreate_instances(&self, instances: &[Key]) {
        for (key, version) in self.intended(instances) {
            self.context.roster.rework(&key, Rework::Recreate, &version);
        }
    }

    /// Brings instances to the version that is meant for each now, by what the change needs but at
    /// least by `minimal`.
    pub fn update_instances(&self, instances: &[Key], minimal: UpdateAction) {
        let machines = self.machines();
        for (key, version) in self.intended(instances) {
            let Some(machine) = machines.iter().find(|machine| machine.key == key) else {
                continue;
            };
            let (store, has) = (&self.context.store, &machine.version);
            let get = |key: &Key| store.get(key);
            let action = needed_action(get, &has.template, &version.template).max(minimal);
            if action > UpdateAction::None || *has != version {
                self.context.roster.rework(&key, action.into(), &version);
            }
        }
    }

    /// Lets instances go: they run on, and no group looks after them. Their records must say so
    /// already.
    pub fn abandon_instances(&self, instances: &[Key]) {
        for key in instances {
            self.context.roster.abandon(key);
        }
    }

    fn intended(&self, instances: &[Key]) -> Vec<(Key, Version)> {
        let machines = self.machines();
        let groups: BTreeSet<&Key> = machines
            .iter()
            .filter(|machine| instances.contains(&machine.key))
            .filter_map(|machine| machine.group.as_ref())
            .collect();
        let managers = groups
            .into_iter()
            .filter_map(|group| self.context.store.get(group));
        managers
            .flat_map(|manager| groups::intended(&self.context, &manager))
            .filter(|(key, _)| instances.contains(key))
            .collect()
    }

    /// Lets the groups take at once the steps that they can.
    pub fn settle(&self) {
        groups::reconcile(&self.context);
    }

    /// How far a group has got, given its manager.
    pub fn group_state(&self, manager: &Resource) -> GroupState {
        groups::state(&self.context, manager)
    }

    /// Gives a group of simulated instances so much to do, in cores, for as long as it exists;
    /// false where instances are processes, whose load is what they do.
    pub fn set_load(&self, group: &Key, cores: f64) -> bool {
        let simulated = self.context.settings.simulated;
        if let Some(group) = self.context.store.get(group).filter(|_| simulated) {
            self.context.loads.set(&group, cores);
        }
        simulated
    }

    /// What simulated groups have to do, in cores.
    pub fn loads(&self) -> BTreeMap<Key, f64> {
        self.context.loads.get(&self.context.store)
    }

    /// Where requests for the running instances go, draining ones included.
    pub fn endpoints(machines: &[Machine]) -> Vec<Endpoint> {
        machines.iter().filter_map(endpoint).collect()
    }

    /// Why an autoscaler left its group as it is at its last decision, if another size was in
    /// question.
    pub fn hold(&self, autoscaler: &Key) -> Option<Hold> {
        let holds = self
            .context
            .holds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        holds.get(autoscaler).copied()
    }

    /// The failed attempts to run instances of a group, oldest first.
    pub fn errors(&self, group: &Key) -> Vec<MachineError> {
        let errors = self
            .context
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors
            .iter()
            .filter(|error| error.group.as_ref() == Some(group))
            .cloned()
            .collect()
    }
}

fn endpoint(machine: &Machine) -> Option<Endpoint> {
    Some(Endpoint {
        instance: machine.key.name.clone(),
        group: machine.group.clone()?,
        listens: machine.listens?,
        draining: machine.draining,
    })
}
