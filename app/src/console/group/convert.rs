//! From the control plane's snapshot to the upper part of the page.

use autoscaler::{HoldCause, HoldLine, Mode, StatusLine, size_for, status_sentence};
use control_plane::{Fleet, Group, HistoryEntry};

use super::model::{Head, Signal, Why};
use crate::console::{
    overview::{reading, troubles},
    policy::Field,
};

/// The sentence and the key numbers of `group`.
pub(super) fn head(fleet: &Fleet, group: &Group) -> Head {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    Head {
        now: fleet.taken_at.0,
        sentence: sentence(group),
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
fn sentence(group: &Group) -> String {
    let policy = group
        .autoscaler
        .as_ref()
        .map(|autoscaler| &autoscaler.policy);
    let target = policy
        .and_then(|policy| policy.cpu.as_ref())
        .map(|cpu| cpu.target);
    let cpu = group.cpu.map(|cpu| cpu.value);
    let moving = group.target_size != group.running;
    status_sentence(&StatusLine {
        instances: group.running,
        cpu,
        cpu_target: target,
        resizing_to: moving.then_some(group.target_size),
        hold: hold(group).filter(|_| !moving),
    })
}

/// Why a group is not on its way to another size although its load alone would have it there.
///
/// Google says what it recommends, not what it remembers: a recommendation above what the load of
/// this moment needs is the stabilization period at work.
fn hold(group: &Group) -> Option<HoldLine<'static>> {
    let policy = &group.autoscaler.as_ref()?.policy;
    let hold = |cause, wanted| {
        Some(HoldLine {
            cause,
            remaining: None,
            needed_at: None,
            wanted,
        })
    };
    let recommended = group.recommended?;
    match policy.mode {
        Mode::Off if recommended != group.target_size => hold(HoldCause::ModeOff, recommended),
        Mode::OnlyScaleOut if recommended < group.target_size => {
            hold(HoldCause::ModeOnlyScaleOut, recommended)
        }
        _ => {
            let needed = size_for(group.running, group.cpu?.value, policy.cpu.as_ref()?.target);
            let needed = needed.clamp(policy.min, policy.max);
            (needed < recommended)
                .then(|| hold(HoldCause::Stabilization, needed))
                .flatten()
        }
    }
}

/// Why `group` has its size: the last decision that changed it.
pub(super) fn why(fleet: &Fleet, group: &Group) -> Why {
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
