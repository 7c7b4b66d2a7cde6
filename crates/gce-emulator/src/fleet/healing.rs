//! Probes for the autohealing policies of groups. Google probes for them apart from the balancer's
//! checks, and so do we: a group may have one, the other, both or none.

use std::sync::Arc;

use super::{context::Context, machine::Machine};
use crate::{
    prober::{Health, HealthMap, Prober, Target},
    resource::{Kind, Resource},
    routing,
};

/// Probes as the groups ask for it and enters the verdicts into the roster. Runs until the fleet
/// stops.
pub(super) async fn keep(context: Arc<Context>) {
    let prober = Prober::paced(tokio::runtime::Handle::current(), context.clock.clone());
    let mut health = prober.health();
    let mut changes = context.store.changes();
    let mut machines = context.roster.watch();
    let mut targets = Vec::new();
    loop {
        changes.borrow_and_update();
        let wanted = wanted(&context, &machines.borrow_and_update());
        if wanted != targets {
            targets = wanted;
            prober.set_targets(targets.iter().cloned());
        }
        enter(&context, &health.borrow_and_update(), &targets);
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = health.changed() => {}
            _ = changes.changed() => {}
            _ = machines.changed() => {}
        }
    }
}

fn wanted(context: &Context, machines: &[Machine]) -> Vec<Target> {
    let managers = context.store.list(Kind::InstanceGroupManager, None);
    let targets = managers
        .iter()
        .flat_map(|manager| targets_of(context, manager, machines));
    targets.collect()
}

fn targets_of(context: &Context, manager: &Resource, machines: &[Machine]) -> Vec<Target> {
    let check = manager.reference("autoHealingPolicies/0/healthCheck");
    let Some(check) = check.and_then(|key| context.store.get(&key)) else {
        return Vec::new();
    };
    let members = machines
        .iter()
        .filter(|machine| machine.group.as_ref() == Some(&manager.key));
    let serving = members.filter(|machine| machine.is_serving());
    let target = |machine: &Machine| {
        let (check, instance) = (routing::check(&check), machine.key.name.clone());
        Some(Target {
            check,
            instance,
            addr: machine.listens?.addr,
        })
    };
    serving.filter_map(target).collect()
}

fn enter(context: &Context, health: &HealthMap, targets: &[Target]) {
    for machine in context.roster.machines().iter() {
        let target = targets
            .iter()
            .find(|target| target.instance == machine.key.name);
        let state = target.and_then(|target| health.get(&target.check.name, &target.instance));
        let healthy = match state.map(|state| state.health) {
            Some(Health::Healthy) => Some(true),
            Some(Health::Unhealthy) => Some(false),
            Some(Health::Unknown) | None => None,
        };
        if machine.healthy != healthy {
            let roster = &context.roster;
            roster.change(&machine.key, |machine| machine.healthy = healthy);
        }
    }
}
