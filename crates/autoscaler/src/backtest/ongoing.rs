//! Why a group that is steered elsewhere keeps its size.

use std::time::Duration;

use super::Model;
use super::group::Shares;
use super::signals::{Moment, Signals};
use super::trace::{Trace, at};
use crate::{Engine, HoldCause, HoldSpan, MIN_SAMPLES, Mode, Policy, Step, Timestamp};

/// Minutes at the end of a recording that may lack a signal because Monitoring shows one later than
/// another, so that they are no silence to be explained.
const LATE_STEPS: usize = 5;

/// A hold that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OngoingHold {
    /// What is held and why, up to the last step of the recording.
    pub span: HoldSpan,
    /// It began before the recording does, so that [`HoldSpan::from`] is only the latest beginning.
    pub began_before: bool,
}

/// The hold in which a recording ends.
///
/// Google publishes what its autoscaler recommends, and not what it would recommend without its
/// memory. So the engine is shown every step with the size that the group really had, under the same
/// policy without stabilization and scale-in control: what it says is what the load alone asks for,
/// and a recorded recommendation above that is a memory at work. The size was needed last when the
/// load alone asked for it, or when it was raised to it.
///
/// A recording should be longer than the stabilization period. A policy that predicts is not
/// explained, since its forecast takes weeks of load; nor is a mode that does not follow.
pub fn ongoing_hold(policy: &Policy, trace: &Trace, model: &Model) -> Option<OngoingHold> {
    if policy.predicts() || policy.mode != Mode::On {
        return None;
    }
    let seen = Watch::of(policy, trace)?.all(policy, trace, model);
    let last = seen.last()?;
    let silence = last.silence.map(|cause| Explanation {
        cause,
        needed: None,
        begun: trailing(&seen, |step| step.silence == Some(cause)),
    });
    let why = silence.or_else(|| memory(policy, trace, &seen))?;
    let from = seen.get(why.begun)?.at;
    let needed_at = why.needed.and_then(|index| Some(seen.get(index)?.at));
    let stabilizes = why.cause == HoldCause::Stabilization;
    Some(OngoingHold {
        span: HoldSpan {
            cause: why.cause,
            from,
            to: last.at,
            size: last.recommended,
            wanted: last.alone,
            until: needed_at
                .filter(|_| stabilizes)
                .map(|at| at.after(policy.stabilization)),
            needed_at,
        },
        began_before: why.begun == 0,
    })
}

/// A step as it was, and what the load alone asked for.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    recommended: u32,
    alone: u32,
    /// Nothing can be said about the load.
    silence: Option<HoldCause>,
}

/// Why there is a hold, and the steps at which its size was needed last and it began.
struct Explanation {
    cause: HoldCause,
    needed: Option<usize>,
    begun: usize,
}

fn memory(policy: &Policy, trace: &Trace, seen: &[Seen]) -> Option<Explanation> {
    let last = seen.last()?;
    if last.alone >= last.recommended {
        return None;
    }
    let was_raised = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| seen.get(before));
        before.is_some_and(|before| before.recommended < last.recommended)
    };
    let needs = |index: &usize| {
        let step = &seen[*index];
        step.recommended >= last.recommended
            && (step.alone >= last.recommended || was_raised(*index))
    };
    let needed = (0..seen.len()).rev().find(needs);
    // A decision between two minutes is recorded with the later one.
    let patience = policy.stabilization.saturating_add(trace.step());
    let since = needed.map_or(trace.start, |index| seen[index].at);
    let cause = if last.at.since(since) <= patience && policy.stabilization > Duration::ZERO {
        HoldCause::Stabilization
    } else {
        policy.scale_in.map(|_| HoldCause::ScaleInControl)?
    };
    Some(Explanation {
        cause,
        needed,
        begun: needed.map_or(0, |index| index + 1),
    })
}

/// Where the run of such steps at the end begins.
fn trailing(seen: &[Seen], is_such: impl Fn(&Seen) -> bool) -> usize {
    let other = seen.iter().rposition(|step| !is_such(step));
    other.map_or(0, |index| index + 1)
}

struct Watch {
    engine: Engine,
    signals: Signals,
    size: u32,
}

impl Watch {
    fn of(policy: &Policy, trace: &Trace) -> Option<Self> {
        let size = trace.first_size()?;
        let without_memory = Policy {
            stabilization: Duration::ZERO,
            scale_in: None,
            ..policy.clone()
        };
        Some(Self {
            engine: Engine::new(without_memory, trace.start, size).with_zones(trace.zones.clone()),
            signals: Signals::of(policy),
            size,
        })
    }

    fn all(mut self, policy: &Policy, trace: &Trace, model: &Model) -> Vec<Seen> {
        (0..known_steps(policy, trace))
            .map(|index| self.see(trace, model, index))
            .collect()
    }

    fn see(&mut self, trace: &Trace, model: &Model, index: usize) -> Seen {
        let step = self.step(trace, model, index);
        let hold = step.hold;
        let is_silent =
            |cause: &HoldCause| matches!(cause, HoldCause::MissingData | HoldCause::EmptyGroup);
        Seen {
            at: step.at,
            recommended: at(&trace.recommended, index).unwrap_or(self.size),
            alone: hold.map_or(step.recommended, |hold| hold.wanted),
            silence: hold.map(|hold| hold.cause).filter(is_silent),
        }
    }

    fn step(&mut self, trace: &Trace, model: &Model, index: usize) -> Step {
        let recorded = at(&trace.size, index).or(at(&trace.recommended, index));
        let size = recorded.unwrap_or(self.size);
        let serving = at(&trace.serving, index).unwrap_or(size).min(size);
        // After instances left, the engine waits for several samples; a minute has as many.
        let samples = if size < self.size { MIN_SAMPLES } else { 1 };
        self.size = size;
        let to = trace.end_of(index);
        let moment = Moment {
            trace,
            index,
            passed: 1.0,
        };
        let shares = Shares::equal(serving);
        let sample = self.signals.sample(moment, model, &shares, (serving, size));
        let apart = i64::from(trace.step_s) * 1000 / samples as i64;
        for before in (0..samples as i64).rev() {
            let now = Timestamp(to.0.saturating_sub(before * apart));
            self.engine.observe(now, sample);
        }
        self.engine.step(to, size)
    }
}

/// How many steps can be explained: without the last few that lack a reading which others have.
fn known_steps(policy: &Policy, trace: &Trace) -> usize {
    let length = trace.len();
    let says = |index: usize| policy.cpu.is_none() || at(&trace.cpu, index).is_some();
    let earliest = length.saturating_sub(LATE_STEPS);
    (earliest..length)
        .rev()
        .find(|index| says(*index))
        .map_or(length, |last| last + 1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::HoldCause;
    use crate::backtest::MINUTE_S;

    /// Thirty minutes of four instances, of which `busy` minutes needed all of them and the rest two.
    fn quieter(busy: usize) -> Trace {
        let minutes = 30;
        let load = |minute| Some(if minute < busy { 1.9 } else { 0.9 });
        Trace {
            cpu: (0..minutes).map(load).collect(),
            size: vec![Some(4); minutes],
            serving: vec![Some(4); minutes],
            ..Trace::new(Timestamp(0), MINUTE_S)
        }
    }

    fn minute(of: usize) -> Timestamp {
        Timestamp(of as i64 * 60_000)
    }

    fn policy() -> Policy {
        Policy::default_for(1, 10, 0.5)
    }

    fn hold(policy: &Policy, trace: &Trace) -> Option<OngoingHold> {
        ongoing_hold(policy, trace, &Model::default())
    }

    #[test]
    fn a_size_that_was_needed_a_while_ago_is_held_until_the_period_has_passed() {
        let hold = hold(&policy(), &quieter(25)).unwrap();
        assert_eq!(hold.span.cause, HoldCause::Stabilization);
        assert_eq!((hold.span.size, hold.span.wanted), (4, 2));
        assert_eq!(hold.span.needed_at, Some(minute(25)));
        assert_eq!(hold.span.until, Some(minute(35)));
        assert_eq!(hold.span.from, minute(26));
        assert!(!hold.began_before);
    }

    #[test]
    fn a_size_that_is_needed_is_not_held() {
        assert_eq!(hold(&policy(), &quieter(30)), None);
        assert_eq!(hold(&policy(), &Trace::default()), None);
    }

    #[test]
    fn a_metric_that_needs_the_size_is_believed_where_the_cpu_would_not() {
        let mut trace = quieter(25);
        let raw = serde_json::json!({
            "minNumReplicas": 1, "maxNumReplicas": 10,
            "cpuUtilization": {"utilizationTarget": 0.5},
            "customMetricUtilizations": [{"metric": "custom.googleapis.com/jobs",
                                          "singleInstanceAssignment": 10.0}],
        });
        let policy = crate::validate(&raw).unwrap();
        let name = Trace::metric_name(&policy.metrics[0]);
        trace.metrics.insert(name.clone(), vec![Some(35.0); 30]);
        assert_eq!(hold(&policy, &trace), None);
        trace.metrics.insert(name, vec![Some(25.0); 30]);
        let held = hold(&policy, &trace).unwrap();
        assert_eq!((held.span.size, held.span.wanted), (4, 3));
    }

    #[test]
    fn a_size_is_needed_by_the_minute_that_raised_the_group_to_it() {
        // The minute's mean, 2.1, alone would ask for five; the autoscaler saw a peak within it.
        let mut trace = quieter(25);
        trace.cpu[25] = Some(2.1);
        trace.size = (0..30)
            .map(|at| Some(if at < 25 { 4 } else { 6 }))
            .collect();
        trace.recommended = trace.size.clone();
        let held = hold(&policy(), &trace).unwrap();
        assert_eq!((held.span.size, held.span.wanted), (6, 2));
        assert_eq!(held.span.needed_at, Some(minute(26)));
    }

    #[test]
    fn what_the_stabilization_does_not_explain_is_the_scale_in_control_or_untold() {
        let unexplained = quieter(10);
        assert_eq!(hold(&policy(), &unexplained), None);
        let raw = serde_json::json!({
            "minNumReplicas": 1, "maxNumReplicas": 10,
            "cpuUtilization": {"utilizationTarget": 0.5},
            "scaleInControl": {"maxScaledInReplicas": {"fixed": 1}, "timeWindowSec": 3600},
        });
        let controlled = crate::validate(&raw).unwrap();
        let held = hold(&controlled, &unexplained).unwrap();
        assert_eq!(held.span.cause, HoldCause::ScaleInControl);
        assert_eq!(held.span.needed_at, Some(minute(10)));
    }

    #[test]
    fn a_group_that_is_younger_than_the_period_waits_for_it() {
        let young = quieter(0).slice(0..5);
        let held = hold(&policy(), &young).unwrap();
        assert_eq!(held.span.cause, HoldCause::Stabilization);
        assert!(
            held.began_before && held.span.needed_at.is_none(),
            "{held:?}"
        );
    }

    #[test]
    fn the_last_minutes_may_lack_what_monitoring_shows_late() {
        let mut trace = quieter(25);
        trace.cpu.truncate(28);
        let late = hold(&policy(), &trace).unwrap();
        assert_eq!(late.span.cause, HoldCause::Stabilization);
        assert_eq!(late.span.to, minute(28));
        trace.cpu.truncate(20);
        let silent = hold(&policy(), &trace).unwrap();
        assert_eq!(silent.span.cause, HoldCause::MissingData);
    }
}
