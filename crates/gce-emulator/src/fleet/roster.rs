//! All instances there are, and what each is to do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::machine::Machine;
use crate::resource::Key;

/// What an instance is to do, beside running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// End, for good.
    pub(super) leave: bool,
    /// How often somebody asked to make it anew.
    pub(super) recreations: u64,
}

/// The one place that knows all instances. Each has a task that keeps its entry true; everybody
/// else reads what is published and gives orders.
#[derive(Debug)]
pub(super) struct Roster {
    members: Mutex<BTreeMap<Key, Member>>,
    published: watch::Sender<Arc<Vec<Machine>>>,
}

#[derive(Debug)]
struct Member {
    machine: Machine,
    /// Utilization over the last minute of the clock. Not published: it changes every second.
    cpu: Option<f64>,
    orders: watch::Sender<Orders>,
}

impl Default for Roster {
    fn default() -> Self {
        Self {
            members: Mutex::default(),
            published: watch::Sender::new(Arc::default()),
        }
    }
}

impl Roster {
    /// All instances as last published, by zone and name.
    pub(super) fn machines(&self) -> Arc<Vec<Machine>> {
        self.published.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<Vec<Machine>>> {
        self.published.subscribe()
    }

    pub(super) fn get(&self, key: &Key) -> Option<Machine> {
        self.members().get(key).map(|member| member.machine.clone())
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.members().contains_key(key)
    }

    pub(super) fn cpu(&self, key: &Key) -> Option<f64> {
        self.members().get(key)?.cpu
    }

    pub(super) fn set_cpu(&self, key: &Key, cpu: Option<f64>) {
        if let Some(member) = self.members().get_mut(key) {
            member.cpu = cpu;
        }
    }

    /// Enters a new instance; the orders that its task obeys.
    pub(super) fn enter(&self, machine: Machine) -> watch::Receiver<Orders> {
        let (orders, receiver) = watch::channel(Orders::default());
        let mut members = self.members();
        members.insert(
            machine.key.clone(),
            Member {
                machine,
                cpu: None,
                orders,
            },
        );
        self.publish(&members);
        receiver
    }

    pub(super) fn remove(&self, key: &Key) {
        let mut members = self.members();
        members.remove(key);
        self.publish(&members);
    }

    /// Changes an entry and publishes it.
    pub(super) fn change(&self, key: &Key, change: impl FnOnce(&mut Machine)) {
        let mut members = self.members();
        let Some(member) = members.get_mut(key) else {
            return;
        };
        let before = member.machine.clone();
        change(&mut member.machine);
        if member.machine != before {
            self.publish(&members);
        }
    }

    /// Gives an order; false when there is no such instance.
    pub(super) fn order(&self, key: &Key, change: impl FnOnce(&mut Orders)) -> bool {
        let members = self.members();
        let Some(member) = members.get(key) else {
            return false;
        };
        member.orders.send_modify(change);
        true
    }

    /// Whether an instance was told to end.
    pub(super) fn is_leaving(&self, key: &Key) -> bool {
        self.members()
            .get(key)
            .is_none_or(|member| member.orders.borrow().leave)
    }

    /// Publishing under the lock keeps the order of what is published that of the changes.
    fn publish(&self, members: &BTreeMap<Key, Member>) {
        let machines = members
            .values()
            .map(|member| member.machine.clone())
            .collect();
        self.published.send_replace(Arc::new(machines));
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<Key, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
