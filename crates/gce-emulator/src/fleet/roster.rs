//! All instances there are, and what each is to do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use super::{
    machine::{CurrentAction, Machine},
    orders::{Orders, Rework, Told},
    plan::Leaving,
    version::Version,
};
use crate::resource::Key;

/// The one place that knows all instances. Each has a task that keeps its entry true; everybody
/// else reads what is published and gives orders.
#[derive(Debug)]
pub(super) struct Roster {
    state: Mutex<State>,
    published: watch::Sender<Arc<Vec<Machine>>>,
    /// Woken by changes, see [`Roster::keep_published`].
    stale: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: BTreeMap<Key, Member>,
    /// All machines, until something changes. A large group changes member by member, and to copy
    /// all of it each time would take the square of its size.
    copied: Option<Arc<Vec<Machine>>>,
}

#[derive(Debug)]
struct Member {
    machine: Machine,
    /// Utilization over the last minute of the clock. Not published: it changes every second.
    cpu: Option<f64>,
    orders: watch::Sender<Orders>,
    /// How many reworks were carried out.
    done: u64,
}

impl Member {
    fn is_idle(&self) -> bool {
        let orders = self.orders.borrow();
        orders.leave == Leaving::No && orders.reworks == self.done
    }
}

impl Default for Roster {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            published: watch::Sender::new(Arc::default()),
            stale: Notify::new(),
        }
    }
}

impl Roster {
    /// All instances, by zone and name.
    pub(super) fn machines(&self) -> Arc<Vec<Machine>> {
        let state = &mut *self.state();
        let copy = || {
            let machines = state.members.values();
            Arc::new(machines.map(|member| member.machine.clone()).collect())
        };
        Arc::clone(state.copied.get_or_insert_with(copy))
    }

    /// Publishes what changed, many changes at once where they come fast. Runs until it is dropped.
    ///
    /// Nobody else publishes, so what is published comes in the order of the changes; and no lock
    /// is held meanwhile, since a follower may look at the roster while it looks at what is
    /// published.
    pub(super) async fn keep_published(&self) {
        loop {
            self.stale.notified().await;
            self.published.send_replace(self.machines());
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<Vec<Machine>>> {
        self.published.subscribe()
    }

    pub(super) fn get(&self, key: &Key) -> Option<Machine> {
        let state = self.state();
        state.members.get(key).map(|member| member.machine.clone())
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.state().members.contains_key(key)
    }

    pub(super) fn cpu(&self, key: &Key) -> Option<f64> {
        self.state().members.get(key)?.cpu
    }

    pub(super) fn set_cpu(&self, key: &Key, cpu: Option<f64>) {
        if let Some(member) = self.state().members.get_mut(key) {
            member.cpu = cpu;
        }
    }

    /// Enters a new instance; the orders that its task obeys.
    pub(super) fn enter(&self, machine: Machine) -> watch::Receiver<Orders> {
        let (orders, receiver) = watch::channel(Orders {
            version: machine.version.clone(),
            group: machine.group.clone(),
            ..Orders::default()
        });
        let mut state = self.state();
        state.members.insert(
            machine.key.clone(),
            Member {
                machine,
                cpu: None,
                orders,
                done: 0,
            },
        );
        self.changed(&mut state);
        receiver
    }

    pub(super) fn remove(&self, key: &Key) {
        let mut state = self.state();
        state.members.remove(key);
        self.changed(&mut state);
    }

    /// Changes an entry.
    pub(super) fn change(&self, key: &Key, change: impl FnOnce(&mut Machine)) {
        self.tell(key, |member| change(&mut member.machine));
    }

    /// Changes an entry unless the instance was told something that it has not done yet: that is
    /// what the entry shows then.
    pub(super) fn settle(&self, key: &Key, change: impl FnOnce(&mut Machine)) {
        self.tell(key, |member| {
            if member.is_idle() {
                change(&mut member.machine);
            }
        });
    }

    /// Has an instance end, for good. A reason that was given before stands.
    pub(super) fn dismiss(&self, key: &Key, why: Leaving) {
        self.tell(key, |member| {
            let first = member.orders.send_if_modified(|orders| {
                let first = orders.leave == Leaving::No;
                if first {
                    orders.leave = why;
                }
                first
            });
            if first {
                member.machine.action = CurrentAction::Deleting;
            }
        });
    }

    /// Has an instance changed. Of several changes that wait the deepest is made.
    pub(super) fn rework(&self, key: &Key, rework: Rework, version: &Version) {
        self.tell(key, |member| {
            let waits = !member.is_idle();
            member.orders.send_modify(|orders| {
                orders.rework = if waits {
                    orders.rework.max(rework)
                } else {
                    rework
                };
                orders.reworks += 1;
                orders.version = version.clone();
            });
            if let Some(action) = rework.action()
                && member.orders.borrow().leave == Leaving::No
            {
                member.machine.action = action;
            }
        });
    }

    /// Gives an instance the version that it takes when it is made anew the next time.
    pub(super) fn prepare(&self, key: &Key, version: &Version) {
        self.tell(key, |member| {
            member
                .orders
                .send_modify(|orders| orders.version = version.clone());
        });
    }

    /// Lets an instance go: it runs on, and no group looks after it.
    pub(super) fn abandon(&self, key: &Key) {
        self.tell(key, |member| {
            member.machine.group = None;
            member.orders.send_modify(|orders| orders.group = None);
        });
    }

    /// Notes that an instance did what it was asked for so often.
    pub(super) fn carried_out(&self, key: &Key, reworks: u64) {
        if let Some(member) = self.state().members.get_mut(key) {
            member.done = reworks;
        }
    }

    fn tell(&self, key: &Key, tell: impl FnOnce(&mut Member)) {
        let mut state = self.state();
        let Some(member) = state.members.get_mut(key) else {
            return;
        };
        let before = member.machine.clone();
        tell(member);
        if member.machine != before {
            self.changed(&mut state);
        }
    }

    /// The members of a group with what they are told, those that leave included.
    pub(super) fn members_of(&self, group: &Key) -> Vec<Told> {
        let state = self.state();
        let of_group = state
            .members
            .values()
            .filter(|member| member.machine.group.as_ref() == Some(group));
        of_group
            .map(|member| Told {
                machine: member.machine.clone(),
                orders: member.orders.borrow().clone(),
                is_done: member.is_idle(),
                cpu: member.cpu,
            })
            .collect()
    }

    /// Whether an instance was told to end.
    pub(super) fn is_leaving(&self, key: &Key) -> bool {
        self.state()
            .members
            .get(key)
            .is_none_or(|member| member.orders.borrow().leave != Leaving::No)
    }

    fn changed(&self, state: &mut State) {
        state.copied = None;
        self.stale.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
