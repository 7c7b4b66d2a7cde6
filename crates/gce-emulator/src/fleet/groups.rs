//! The group reconciler: makes each managed group as large as it should be.
//!
//! It takes no input and keeps no state. It looks at the store and at the roster, and closes the
//! difference; so it may run at any time, any number of times, and a missed wake-up costs at most
//! the time to the next tick.

use std::{cmp::Ordering, sync::Arc, time::Duration};

use super::{
    context::Context,
    leaving, life,
    machine::{Machine, MachineStatus},
    names::instance_name,
    system_metrics,
};
use crate::resource::{Key, Kind, Resource};

/// How often it looks although nothing woke it.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the fleet stops.
pub(super) async fn keep(context: Arc<Context>) {
    let mut changes = context.store.changes();
    let mut machines = context.roster.watch();
    let mut measured = tokio::time::Instant::now();
    loop {
        reconcile(&context);
        if measured.elapsed() >= TICK {
            measured = tokio::time::Instant::now();
            measure(&context);
        }
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = changes.changed() => {}
            _ = machines.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

fn reconcile(context: &Arc<Context>) {
    let (managers, notes) = leaving::managers_and_notes(&context.store);
    let machines = context.roster.machines();
    let is_orphan = |group: &Key| managers.iter().all(|manager| manager.key != *group);
    for machine in machines.iter() {
        if notes.name(&machine.key) || machine.group.as_ref().is_none_or(is_orphan) {
            context
                .roster
                .order(&machine.key, |orders| orders.leave = true);
        }
    }
    for manager in &managers {
        let members = members(context, &machines, &manager.key);
        let plan = plan(&Desired::of(manager), &members);
        for key in plan.remove {
            context.roster.order(&key, |orders| orders.leave = true);
        }
        for _ in 0..plan.create {
            create(context, manager);
        }
    }
}

fn create(context: &Arc<Context>, manager: &Resource) {
    let base = manager
        .text("baseInstanceName")
        .unwrap_or(&manager.key.name);
    let key = |name: &str| Key::new(Kind::Instance, manager.key.scope.clone(), name);
    let taken =
        |name: &str| context.roster.contains(&key(name)) || context.store.get(&key(name)).is_some();
    let name = instance_name(base, taken);
    tracing::info!(
        group = manager.key.name,
        instance = name,
        "creating an instance"
    );
    life::create(context, manager.key.clone(), key(&name));
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

/// The members of a group that are to stay, with what the choice of a victim needs.
fn members(context: &Context, machines: &[Machine], group: &Key) -> Vec<Member> {
    machines
        .iter()
        .filter(|machine| machine.group.as_ref() == Some(group))
        .filter(|machine| !context.roster.is_leaving(&machine.key))
        .map(|machine| Member {
            machine: machine.clone(),
            cpu: context.roster.cpu(&machine.key),
        })
        .collect()
}

struct Desired {
    size: usize,
    template: String,
}

impl Desired {
    fn of(manager: &Resource) -> Self {
        Self {
            size: usize::try_from(manager.number("targetSize").unwrap_or(0)).unwrap_or(0),
            template: manager
                .text("instanceTemplate")
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

struct Member {
    machine: Machine,
    cpu: Option<f64>,
}

#[derive(Debug, Default, PartialEq)]
struct Plan {
    create: usize,
    remove: Vec<Key>,
}

fn plan(desired: &Desired, members: &[Member]) -> Plan {
    let surplus = members.len().saturating_sub(desired.size);
    let mut victims: Vec<&Member> = members.iter().collect();
    victims.sort_by(|a, b| victim_order(desired, a, b));
    Plan {
        create: desired.size.saturating_sub(members.len()),
        remove: victims
            .iter()
            .take(surplus)
            .map(|member| member.machine.key.clone())
            .collect(),
    }
}

/// Google's order of victims: not running, then being disrupted, then not of the intended template,
/// then the lowest signal. Of equals the youngest goes, which has served least.
fn victim_order(desired: &Desired, a: &Member, b: &Member) -> Ordering {
    let rank = |member: &Member| {
        let machine = &member.machine;
        (
            machine.status == MachineStatus::Running,
            !machine.action.is_disruptive(),
            machine.template == desired.template,
        )
    };
    let signal = |member: &Member| member.cpu.unwrap_or(0.0);
    rank(a)
        .cmp(&rank(b))
        .then(signal(a).total_cmp(&signal(b)))
        .then(b.machine.created.cmp(&a.machine.created))
        .then(a.machine.key.cmp(&b.machine.key))
}

#[cfg(test)]
mod tests {
    use autoscaler::Timestamp;

    use super::*;
    use crate::fleet::machine::CurrentAction;

    fn member(name: &str, change: impl FnOnce(&mut Member)) -> Member {
        let machine = Machine {
            key: Key::zonal(Kind::Instance, "z", name),
            group: Some(Key::zonal(Kind::InstanceGroupManager, "z", "g")),
            template: "new".into(),
            status: MachineStatus::Running,
            action: CurrentAction::None,
            pid: None,
            addr: None,
            healthy: None,
            created: Timestamp(0),
            running_since: Some(Timestamp(0)),
            draining: false,
            log_path: "log".into(),
            last_error: None,
        };
        let mut member = Member {
            machine,
            cpu: Some(0.5),
        };
        change(&mut member);
        member
    }

    fn victims(size: usize, members: &[Member]) -> Vec<String> {
        let plan = plan(
            &Desired {
                size,
                template: "new".into(),
            },
            members,
        );
        plan.remove.into_iter().map(|key| key.name).collect()
    }

    #[test]
    fn victims_are_chosen_in_googles_order() {
        let members = [
            member("busy", |member| member.cpu = Some(0.9)),
            member("idle", |member| member.cpu = Some(0.1)),
            member("outdated", |member| member.machine.template = "old".into()),
            member("changing", |member| {
                member.machine.action = CurrentAction::Recreating;
            }),
            member("booting", |member| {
                member.machine.status = MachineStatus::Staging;
            }),
        ];
        assert_eq!(
            victims(0, &members),
            ["booting", "changing", "outdated", "idle", "busy"]
        );
        assert_eq!(victims(3, &members), ["booting", "changing"]);
    }

    #[test]
    fn of_equals_the_youngest_goes() {
        let young = member("a", |member| member.machine.created = Timestamp(9));
        assert_eq!(victims(1, &[young, member("b", |_| {})]), ["a"]);
    }

    #[test]
    fn a_group_of_the_right_size_is_left_alone() {
        let members = [member("a", |_| {}), member("b", |_| {})];
        let desired = |size| Desired {
            size,
            template: "new".into(),
        };
        assert_eq!(plan(&desired(2), &members), Plan::default());
        assert_eq!(plan(&desired(5), &members).create, 3);
    }
}
