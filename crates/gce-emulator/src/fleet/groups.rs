//! The group reconciler: makes each managed group what it should be.
//!
//! It takes no input and keeps no state. It looks at the store and at the roster, and takes the
//! next steps of the [`plan`](super::plan); so it may run at any time, any number of times, and a
//! missed wake-up costs at most the time to the next tick.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{
    audit::location,
    context::Context,
    desired::Desired,
    leaving::{self, Notes},
    life,
    machine::{CurrentAction, Machine, MachineStatus},
    names::instance_name,
    orders::Told,
    plan::{self, Creation, Leaving, Member, Plan, Way},
    system_metrics,
    version::{UpdateAction, Version, needed_action},
};
use crate::{
    resource::{Key, Kind, Resource, Scope},
    store::Store,
};

/// How often it looks although nothing woke it.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the fleet stops.
pub(super) async fn keep(context: Arc<Context>) {
    let mut changes = context.store.changes();
    let mut machines = context.roster.watch();
    loop {
        reconcile(&context);
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = changes.changed() => {}
            _ = machines.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Records how large the groups are. Runs until the fleet stops.
pub(super) async fn keep_measured(context: Arc<Context>) {
    let mut timer = context.clock.timer();
    loop {
        measure(&context);
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = timer.tick(TICK) => {}
        }
    }
}

/// Takes the next steps of all groups.
pub(super) fn reconcile(context: &Arc<Context>) {
    // Two at once would both make what is missing.
    let _alone = context
        .reconciling
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let (managers, notes) = leaving::managers_and_notes(&context.store);
    let machines = context.roster.machines();
    let is_orphan = |group: &Key| managers.iter().all(|manager| manager.key != *group);
    for machine in machines.iter() {
        if machine.group.is_some() && notes.let_go(&machine.key) {
            context.roster.abandon(&machine.key);
        } else if notes.name(&machine.key) || machine.group.as_ref().is_some_and(is_orphan) {
            context.roster.dismiss(&machine.key, Leaving::Removed);
        }
    }
    for manager in &managers {
        let plan = plan_for(context, manager);
        carry_out(context, manager, &notes, plan);
    }
}

fn plan_for(context: &Context, manager: &Resource) -> Plan {
    let desired = Desired::of(manager);
    let ways = Ways::new(&context.store, &desired);
    plan::plan(&desired, &members(context, &manager.key), |from, to| {
        ways.way(from, to)
    })
}

fn carry_out(context: &Arc<Context>, manager: &Resource, notes: &Notes, plan: Plan) {
    for (key, why) in plan.remove {
        context.roster.dismiss(&key, why);
    }
    for update in plan.update {
        context
            .roster
            .rework(&update.key, update.action.into(), &update.version);
    }
    let mut asked_for = names_to_give(context, notes, &manager.key).into_iter();
    for creation in plan.create {
        let zone = Scope::Zone(creation.zone.clone());
        let name = asked_for
            .next()
            .unwrap_or_else(|| free_name(context, manager, &zone));
        create(
            context,
            manager,
            Key::new(Kind::Instance, zone, name),
            creation,
        );
    }
}

/// The names that somebody asked for and no instance has yet.
fn names_to_give(context: &Context, notes: &Notes, group: &Key) -> Vec<String> {
    let mut names = notes.names_for(group);
    if !names.is_empty() {
        let members = context.roster.members_of(group);
        names.retain(|name| members.iter().all(|told| told.machine.key.name != *name));
    }
    names
}

fn free_name(context: &Context, manager: &Resource, zone: &Scope) -> String {
    let base = manager
        .text("baseInstanceName")
        .unwrap_or(&manager.key.name);
    let key = |name: &str| Key::new(Kind::Instance, zone.clone(), name);
    let taken =
        |name: &str| context.roster.contains(&key(name)) || context.store.get(&key(name)).is_some();
    instance_name(base, taken)
}

fn create(context: &Arc<Context>, manager: &Resource, key: Key, creation: Creation) {
    tracing::info!(
        group = manager.key.name,
        instance = key.name,
        "creating an instance"
    );
    life::create(context, manager.key.clone(), key, creation.version);
}

fn measure(context: &Context) {
    let now = context.clock.now();
    let machines = context.roster.machines();
    for manager in context.store.list(Kind::InstanceGroupManager, None) {
        let is_member = |machine: &&Machine| machine.group.as_ref() == Some(&manager.key);
        let size = machines.iter().filter(is_member).count();
        system_metrics::record_group_size(context, &manager, size, now);
    }
}

/// How far a group has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupState {
    /// Nothing changes, and nothing is about to.
    pub stable: bool,
    /// Every instance has its version.
    pub version_reached: bool,
}

pub(super) fn state(context: &Context, manager: &Resource) -> GroupState {
    let desired = Desired::of(manager);
    let told = context.roster.members_of(&manager.key);
    let rests = |told: &Told| told.is_done && told.machine.action == CurrentAction::None;
    let members: Vec<Member> = told.iter().map(member).collect();
    let ways = Ways::new(&context.store, &desired);
    let plan = plan::plan(&desired, &members, |from, to| ways.way(from, to));
    GroupState {
        stable: told.iter().all(rests) && told.len() == desired.size && plan == Plan::default(),
        version_reached: plan::is_reached(&desired, &members),
    }
}

/// The version that each instance of a group should have now, by its key.
pub(super) fn intended(context: &Context, manager: &Resource) -> BTreeMap<Key, Version> {
    plan::intended(&Desired::of(manager), &members(context, &manager.key))
}

fn members(context: &Context, group: &Key) -> Vec<Member> {
    context
        .roster
        .members_of(group)
        .iter()
        .map(member)
        .collect()
}

fn member(told: &Told) -> Member {
    let machine = &told.machine;
    let running = machine.status == MachineStatus::Running;
    Member {
        zone: location(&machine.key).to_owned(),
        key: machine.key.clone(),
        version: told.orders.version.clone(),
        running,
        available: machine.is_serving() && told.is_done && machine.action == CurrentAction::None,
        disrupted: machine.action.is_disruptive(),
        leaving: told.orders.leave,
        cpu: told.cpu,
        created: machine.created,
    }
}

/// What an update of one version to another takes under a group's policy. Templates are compared
/// once for each pair.
struct Ways<'a> {
    store: &'a Store,
    desired: &'a Desired,
    known: RefCell<BTreeMap<(String, String), UpdateAction>>,
}

impl<'a> Ways<'a> {
    fn new(store: &'a Store, desired: &'a Desired) -> Self {
        Self {
            store,
            desired,
            known: RefCell::default(),
        }
    }

    fn way(&self, from: &Version, to: &Version) -> Way {
        let policy = self.desired.policy;
        let pair = (from.template.clone(), to.template.clone());
        let mut known = self.known.borrow_mut();
        let needed = *known.entry(pair).or_insert_with(|| {
            needed_action(|key| self.store.get(key), &from.template, &to.template)
        });
        let action = needed.max(policy.minimal);
        if action > policy.most {
            Way::Forbidden
        } else if action == UpdateAction::Replace && policy.substitute {
            Way::Substitute
        } else {
            Way::InPlace(action)
        }
    }
}
