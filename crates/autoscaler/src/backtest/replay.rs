//! One policy on its way through a trace.

use super::Model;
use super::group::{Group, Shares};
use super::report::{Tally, Totals, is_overloaded};
use super::signals::{Moment, Signals};
use super::trace::{Trace, at};
use crate::{Engine, MIN_SAMPLES, Policy, Step, Timestamp};

/// A policy on its way through a trace; it can stop after any step and go on later.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    engine: Engine,
    group: Group,
    signals: Signals,
    target_size: u32,
    /// The next step of the trace.
    next: usize,
    /// The last step removed instances, whose load the next readings have to show.
    shrank: bool,
    tally: Tally,
    step_s: u32,
}

/// One step as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The size during the step.
    pub(super) size: u32,
    pub(super) utilization: Option<f64>,
    pub(super) overloaded: bool,
    /// The decision at its end.
    pub(super) step: Step,
}

impl Replay {
    pub(super) fn new(policy: &Policy, trace: &Trace) -> Self {
        let recorded = trace.first_size().unwrap_or(policy.min);
        let size = recorded.max(policy.min).min(policy.max);
        let engine = Engine::new(policy.clone(), trace.start, size);
        Self {
            engine: engine.with_zones(trace.zones.clone()),
            group: Group::new(size),
            signals: Signals::of(policy),
            target_size: size,
            next: 0,
            shrank: false,
            tally: Tally::default(),
            step_s: trace.step_s,
        }
    }

    /// Goes at most so many steps further; false at the end of the trace.
    pub(super) fn advance(
        &mut self,
        trace: &Trace,
        model: &Model,
        steps: usize,
        see: &mut impl FnMut(&Seen),
    ) -> bool {
        let end = trace.len();
        let until = self.next.saturating_add(steps).min(end);
        while self.next < until {
            let seen = self.step(trace, model);
            see(&seen);
            self.next += 1;
        }
        self.next < end
    }

    pub(super) fn totals(&self, model: &Model) -> Totals {
        self.tally.totals(self.step_s, model)
    }

    fn step(&mut self, trace: &Trace, model: &Model) -> Seen {
        let index = self.next;
        let to = trace.end_of(index);
        let from = Timestamp(to.0.saturating_sub(i64::from(trace.step_s) * 1000));
        let size = self.group.size();
        let shares = self.group.work(from, to);
        let overloaded = is_overloaded(trace, model, index, shares.working);
        self.tally.add(size, overloaded);
        self.observe((from, to), trace, model, &shares);
        let step = self.engine.step(to, self.target_size);
        self.obey(to, &step, model);
        let cpu = at(&trace.cpu, index).zip(shares.each);
        Seen {
            size,
            utilization: cpu.map(|(demand, share)| (demand * share).min(model.burst)),
            overloaded,
            step,
        }
    }

    /// A smoothed reading a step is enough, with two exceptions that have as many as come within a
    /// minute in reality. After instances left, the engine waits for several samples that show their
    /// load on the others. And when the load plunges, the readings on the way down ask for sizes that
    /// the stabilization period remembers.
    fn observe(
        &mut self,
        (from, to): (Timestamp, Timestamp),
        trace: &Trace,
        model: &Model,
        shares: &Shares,
    ) {
        let index = self.next;
        let several = self.shrank || self.signals.plunges(trace, index);
        let parts = if several { MIN_SAMPLES as i64 } else { 1 };
        let length = to.0.saturating_sub(from.0);
        for part in 1..=parts {
            let is_last = part == parts;
            let within = Timestamp(from.0.saturating_add(length / parts * part));
            let now = if is_last { to } else { within };
            let moment = Moment {
                trace,
                index,
                passed: if is_last {
                    1.0
                } else {
                    part as f64 / parts as f64
                },
            };
            let counts = self.group.counts(now);
            let sample = self.signals.sample(moment, model, shares, counts);
            self.engine.observe(now, sample);
        }
    }

    fn obey(&mut self, now: Timestamp, step: &Step, model: &Model) {
        self.shrank = false;
        let Some(size) = step.resize_to else { return };
        self.shrank = size < self.target_size;
        self.target_size = size;
        self.tally.moves += 1;
        self.group.resize(now, size, model, self.engine.policy());
    }
}
