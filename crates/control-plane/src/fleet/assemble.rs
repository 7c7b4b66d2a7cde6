//! From what the sources say to one fleet. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use autoscaler::Timestamp;
use gce::compute::{Autoscaler, HealthState, Instance as Machine, InstanceStatus, ManagedInstance};

use super::{Fleet, Group, Instance, Problem, Reading};
use crate::drill::drill_of;
use crate::fleet::autoscaler_view::view;
use crate::gather::{Health, ManagedGroup, Numbers, Recent};
use crate::url::{is_same, within_project};
use crate::{GroupId, Location, time};

/// What the sources gave; each may be missing, and the fleet is then drawn without it.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) groups: Option<Arc<Vec<ManagedGroup>>>,
    pub(crate) autoscalers: Option<Arc<Vec<Autoscaler>>>,
    pub(crate) instances: Option<Arc<HashMap<String, Machine>>>,
    pub(crate) health: Option<Arc<Health>>,
    pub(crate) numbers: Option<Arc<Numbers>>,
    pub(crate) recent: Option<Arc<Recent>>,
}

pub(crate) fn assemble(sources: &Sources, mut problems: Vec<Problem>, now: Timestamp) -> Fleet {
    let managed = sources.groups.iter().flat_map(|groups| groups.iter());
    let groups = managed.filter_map(|managed| group(sources, managed, &mut problems, now));
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by(|one, other| one.id.cmp(&other.id));
    Fleet {
        taken_at: now,
        groups,
        problems,
    }
}

fn group(
    sources: &Sources,
    managed: &ManagedGroup,
    problems: &mut Vec<Problem>,
    now: Timestamp,
) -> Option<Group> {
    let manager = &managed.manager;
    let location = Location::of_scope(&manager.scope())?;
    let id = GroupId {
        location,
        name: manager.name.clone(),
    };
    let autoscaler = autoscaler_of(sources, &id);
    let numbers = sources
        .numbers
        .as_ref()
        .map(|numbers| numbers.group(&id))
        .unwrap_or_default();
    let mut instances: Vec<Instance> = managed
        .instances
        .iter()
        .map(|member| instance(sources, managed, member, now))
        .collect();
    instances.sort_by(|one, other| one.name.cmp(&other.name));
    Some(Group {
        target_size: size(manager.target_size),
        running: instances.iter().filter(|it| is_running(it)).count() as u32,
        healthy: healthy(sources, managed),
        stable: manager
            .status
            .as_ref()
            .and_then(|status| status.is_stable)
            .unwrap_or(false),
        cpu: mean_cpu(&instances),
        requests_per_second: numbers.requests_per_second,
        p95_ms: numbers.p95_ms,
        recommended: autoscaler
            .and_then(|it| it.recommended_size)
            .map(|it| size(Some(it))),
        autoscaler: autoscaler.and_then(|it| readable(it, problems, now)),
        last_event: sources.recent.as_ref().and_then(|recent| recent.of(&id)),
        instances,
        id,
    })
}

fn autoscaler_of<'a>(sources: &'a Sources, id: &GroupId) -> Option<&'a Autoscaler> {
    let manager = format!("{}/instanceGroupManagers/{}", id.location.scope(), id.name);
    let targets = |it: &&Autoscaler| {
        it.target
            .as_deref()
            .is_some_and(|url| is_same(url, &manager))
    };
    sources.autoscalers.as_ref()?.iter().find(targets)
}

/// A policy that breaks the rules we know is a problem to show, not a reason to hide the group.
fn readable(
    autoscaler: &Autoscaler,
    problems: &mut Vec<Problem>,
    now: Timestamp,
) -> Option<super::AutoscalerView> {
    view(autoscaler)
        .map_err(|violations| {
            let message = format!("{}: {violations}", autoscaler.name);
            problems.push(Problem {
                source: "policy".to_owned(),
                message,
                since: now,
            });
        })
        .ok()
}

fn instance(
    sources: &Sources,
    managed: &ManagedGroup,
    member: &ManagedInstance,
    now: Timestamp,
) -> Instance {
    let name = member.name().to_owned();
    let zone = zone_of(member);
    let machines = sources.instances.as_ref();
    let machine = machines.and_then(|machines| machines.get(within_project(&member.instance)));
    let version = member
        .version
        .as_ref()
        .and_then(|version| version.instance_template.as_deref());
    let template = version
        .or(managed.manager.instance_template.as_deref())
        .unwrap_or_default();
    let numbers = sources.numbers.as_ref();
    Instance {
        status: member
            .instance_status
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        action: member
            .current_action
            .as_ref()
            .map_or("NONE", |it| it.as_str())
            .to_owned(),
        health: health_of(sources, managed, member),
        cpu: numbers.and_then(|numbers| numbers.cpu(member.id.as_deref(), &zone, &name)),
        created: machine.and_then(|it| time::parse(it.creation_timestamp.as_deref()?)),
        template: gce::name_of(template).to_owned(),
        drill: machine.and_then(|it| drill_of(it, now)),
        name,
        zone,
    }
}

fn zone_of(member: &ManagedInstance) -> String {
    match gce::Scope::of_url(&member.instance) {
        gce::Scope::Zone(zone) => zone,
        _ => String::new(),
    }
}

/// What the load balancer says, else what the group's own check says.
fn health_of(
    sources: &Sources,
    managed: &ManagedGroup,
    member: &ManagedInstance,
) -> Option<String> {
    let balanced = balanced(sources, managed)
        .and_then(|states| states.get(within_project(&member.instance)))
        .map(ToString::to_string);
    let own = || {
        member
            .instance_health
            .first()?
            .detailed_health_state
            .clone()
    };
    balanced.or_else(own)
}

fn healthy(sources: &Sources, managed: &ManagedGroup) -> Option<u32> {
    let states = balanced(sources, managed)?;
    Some(
        states
            .values()
            .filter(|state| **state == HealthState::Healthy)
            .count() as u32,
    )
}

fn balanced<'a>(
    sources: &'a Sources,
    managed: &ManagedGroup,
) -> Option<&'a BTreeMap<String, HealthState>> {
    sources
        .health
        .as_ref()?
        .of_group(managed.manager.instance_group.as_deref()?)
}

fn is_running(instance: &Instance) -> bool {
    instance.status == InstanceStatus::Running.as_str()
}

/// The mean over the running instances that have a measurement, as old as the oldest of them.
fn mean_cpu(instances: &[Instance]) -> Option<Reading> {
    let running = instances.iter().filter(|instance| is_running(instance));
    let readings: Vec<Reading> = running.filter_map(|instance| instance.cpu).collect();
    let at = readings.iter().map(|reading| reading.at).min()?;
    let sum: f64 = readings.iter().map(|reading| reading.value).sum();
    Some(Reading {
        value: sum / readings.len() as f64,
        at,
    })
}

fn size(size: Option<i32>) -> u32 {
    size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
