//! Why a group that is steered elsewhere keeps its size.

use super::Model;
use super::group::Shares;
use super::signals::{Moment, Signals};
use super::trace::{Trace, at};
use crate::{Engine, HoldMerger, HoldSpan, MIN_SAMPLES, Policy, Timestamp};

/// Minutes at the end of a recording that may lack a signal because Monitoring shows one later than
/// another, so that they are no silence to be explained.
const LATE_STEPS: usize = 5;

/// A hold that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OngoingHold {
    /// What is held and why, up to the last step of the recording.
    pub span: HoldSpan,
    /// It began in the first stabilization period of the recording or before, where nobody knows what
    /// had been needed, so that [`HoldSpan::from`] is only the latest beginning.
    pub began_before: bool,
}

/// The hold in which a recording ends: what the engine says when it is shown every step with the
/// size that the group really had.
///
/// Google publishes what its autoscaler recommends and not what it would recommend without its
/// memory; the same rules on the same readings tell. A recording should be longer than the
/// stabilization period and the window of the scale-in control, since what was needed before it
/// begins is not known. A policy that predicts is not explained: its forecast takes weeks of load.
pub fn ongoing_hold(policy: &Policy, trace: &Trace, model: &Model) -> Option<OngoingHold> {
    if policy.predicts() {
        return None;
    }
    let first = trace.first_size()?;
    let mut watch = Watch {
        engine: Engine::new(policy.clone(), trace.start, first).with_zones(trace.zones.clone()),
        signals: Signals::of(policy),
        holds: HoldMerger::new(),
        size: first,
    };
    for index in 0..known_steps(policy, trace) {
        watch.step(trace, model, index);
    }
    let span = *watch.holds.open()?;
    let blind = trace.end_of(0).after(policy.stabilization);
    Some(OngoingHold {
        span,
        began_before: span.from <= blind,
    })
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

struct Watch {
    engine: Engine,
    signals: Signals,
    holds: HoldMerger,
    size: u32,
}

impl Watch {
    fn step(&mut self, trace: &Trace, model: &Model, index: usize) {
        let recorded = at(&trace.size, index).or(at(&trace.recommended, index));
        let size = recorded.unwrap_or(self.size);
        let serving = at(&trace.serving, index).unwrap_or(size).min(size);
        // After instances left, the engine waits for several samples; a minute has as many.
        let samples = if size < self.size { MIN_SAMPLES } else { 1 };
        self.size = size;
        let to = trace.end_of(index);
        let shares = Shares::equal(serving);
        let moment = Moment {
            trace,
            index,
            passed: 1.0,
        };
        let sample = self.signals.sample(moment, model, &shares, (serving, size));
        let apart = i64::from(trace.step_s) * 1000 / samples as i64;
        for before in (0..samples as i64).rev() {
            let now = Timestamp(to.0.saturating_sub(before * apart));
            self.engine.observe(now, sample);
        }
        let step = self.engine.step(to, size);
        self.holds.take(to, step.hold);
    }
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
    fn a_mode_that_lets_nothing_go_holds_from_before_the_recording() {
        let policy = Policy {
            mode: crate::Mode::OnlyScaleOut,
            ..policy()
        };
        let held = hold(&policy, &quieter(0)).unwrap();
        assert_eq!(held.span.cause, HoldCause::ModeOnlyScaleOut);
        assert!(held.began_before, "{held:?}");
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
