//! From the control plane's snapshot to the upper part of the page.

use autoscaler::{Outlook, StatusLine, outlook, status_sentence};
use control_plane::{Fleet, Group, HistoryEntry};

use super::{
    hold::Hold,
    model::{Head, Signal, Why},
};
use crate::console::{
    overview::{reading, troubles},
    policy::Field,
};

/// The sentence and the key numbers of `group`.
pub(super) fn head(fleet: &Fleet, group: &Group, hold: Option<Hold>) -> Head {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    Head {
        now: fleet.taken_at.0,
        sentence: sentence(group, fleet.taken_at.0, hold),
        target_size: group.target_size,
        running: group.running,
        healthy: group.healthy,
        bounds: policy.map(|policy| (policy.min, policy.max)),
        cpu: group.cpu.as_ref().map(reading),
        cpu_target: policy
            .and_then(|policy| policy.cpu.as_ref())
            .map(|cpu| cpu.target),
        requests: group.requests_per_second.as_ref().map(reading),
        p95: group.p95_ms.as_ref().map(reading),
        troubles: troubles(&fleet.problems),
    }
}

/// The sentence that log and command line say too.
fn sentence(group: &Group, now: i64, hold: Option<Hold>) -> String {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    let moving = group.target_size != group.running;
    let clock = hold.and_then(|hold| hold.clock());
    status_sentence(&StatusLine {
        instances: group.running,
        cpu: group.cpu.map(|cpu| cpu.value),
        cpu_target: policy
            .and_then(|policy| policy.cpu.as_ref())
            .map(|cpu| cpu.target),
        resizing_to: moving.then_some(group.target_size),
        hold: hold
            .filter(|_| !moving)
            .map(|hold| hold.line(now, clock.as_deref())),
    })
}

/// Why `group` has its size: the last decision that changed it.
pub(super) fn why(fleet: &Fleet, group: &Group, hold: Option<Hold>) -> Why {
    let event = group.last_event.as_ref();
    Why {
        now: fleet.taken_at.0,
        recommended: group.recommended,
        mode: group
            .autoscaler
            .as_ref()
            .map(|autoscaler| Field::Mode.show(autoscaler.policy.mode.as_str())),
        reason: event.map(|event| event.sentence.clone()),
        since: event.map(|event| event.at.0),
        signal: event.and_then(signal),
        limit: event.and_then(|event| event.limit.clone()),
        held: hold.map(|hold| hold.facts()),
        outlook: group.autoscaler.as_ref().map(|autoscaler| {
            let Outlook { grows, shrinks } = outlook(&autoscaler.policy, group.target_size);
            (grows, shrinks)
        }),
        details: group
            .autoscaler
            .as_ref()
            .map(|autoscaler| autoscaler.details.iter().map(detail).collect())
            .unwrap_or_default(),
    }
}

/// The signal of a history entry.
pub(crate) fn signal(entry: &HistoryEntry) -> Option<Signal> {
    entry.signal.as_ref().map(|signal| Signal {
        name: signal.name.clone(),
        value: signal.value,
        target: signal.target,
    })
}

fn detail((kind, message): &(String, String)) -> String {
    if message.is_empty() {
        kind.clone()
    } else {
        message.clone()
    }
}
