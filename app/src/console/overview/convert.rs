//! From the control plane's snapshot to the overview.

use control_plane::{Fleet, Group, Problem};

use super::model::{GroupRow, LastEvent, Overview};
use crate::{console::group::Reading, parts::Trouble};

/// The overview of a fleet.
pub fn overview(fleet: &Fleet) -> Overview {
    Overview {
        now: fleet.taken_at.0,
        groups: fleet.groups.iter().map(row).collect(),
        troubles: troubles(&fleet.problems),
    }
}

/// The sources that do not answer.
pub(crate) fn troubles(problems: &[Problem]) -> Vec<Trouble> {
    problems
        .iter()
        .map(|problem| Trouble {
            source: problem.source.clone(),
            message: problem.message.clone(),
            since: problem.since.0,
        })
        .collect()
}

/// A reading of the control plane.
pub(crate) fn reading(reading: &control_plane::Reading) -> Reading {
    Reading {
        value: reading.value,
        at: reading.at.0,
    }
}

fn row(group: &Group) -> GroupRow {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    GroupRow {
        name: group.id.name.clone(),
        location: group.id.location.name().to_owned(),
        target_size: group.target_size,
        running: group.running,
        healthy: group.healthy,
        bounds: policy.map(|policy| (policy.min, policy.max)),
        cpu: group.cpu.as_ref().map(reading),
        cpu_target: policy
            .and_then(|policy| policy.cpu.as_ref())
            .map(|cpu| cpu.target),
        last: group.last_event.as_ref().map(|event| LastEvent {
            at: event.at.0,
            sentence: event.sentence.clone(),
        }),
    }
}
