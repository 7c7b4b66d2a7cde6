//! The state machine: samples in, steps out.

mod course;
mod step;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::demand::{SATURATION, overload_limit, size_for};
use crate::peaks::Peaks;
use crate::smoother::{FRESH_FOR, is_utilization};
use crate::{Decision, Mode, Policy, Timestamp};

use course::Course;
pub use step::{Binding, Hold, HoldCause, Reading, Step};

/// What was measured on the group at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The initialized instances that the mean is over.
    pub serving: u32,
    /// The instances that exist or are being made, initializing ones included; not those on
    /// their way out.
    pub size: u32,
    /// The mean utilization of the serving ones, smoothed by the caller; `None` without data.
    pub cpu: Option<f64>,
}

/// Recommends sizes for one group under one policy.
///
/// Pure: the clock is an argument, nothing fails, and the same calls give the same answers. Call
/// [`observe`](Self::observe) with every sample, and [`decide`](Self::decide) as often as a
/// decision is wanted.
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    recommended: u32,
    latest: Option<(Timestamp, Sample)>,
    /// The sizes that the load asked for, over the stabilization period.
    loads: Peaks,
    /// The sizes recommended, over the window of the scale-in control.
    recommendations: Peaks,
    /// Since when the group has had instances and none of them served.
    unserved_since: Option<Timestamp>,
}

impl Engine {
    /// Starts from the group as it is: whatever `current_size` it has was needed until `now`, so
    /// that a first enable, or a restart, waits for the stabilization period before it shrinks.
    pub fn new(policy: Policy, now: Timestamp, current_size: u32) -> Self {
        let mut engine = Self {
            recommended: current_size,
            latest: None,
            loads: Peaks::default(),
            recommendations: Peaks::default(),
            unserved_since: None,
            policy,
        };
        engine.loads.record(now, current_size);
        engine.recommendations.record(now, current_size);
        engine
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The size recommended last.
    pub fn recommended(&self) -> u32 {
        self.recommended
    }

    /// Changes the policy from the next decision on.
    ///
    /// What the load asked for under the old one stays remembered: a milder policy shrinks the
    /// group after the stabilization period and not at once, a stricter one grows it at once.
    pub fn set_policy(&mut self, policy: Policy, now: Timestamp) {
        self.recommendations.record(now, self.recommended);
        self.policy = policy;
    }

    /// Takes in a sample.
    pub fn observe(&mut self, now: Timestamp, sample: Sample) {
        self.latest = Some((now, sample));
        self.note_service(now, sample);
        // A gap in the data is remembered as the size that was held through it: nobody knows what
        // the load was meanwhile, so the stabilization period starts over when the data returns.
        let asked = self
            .reading(now)
            .map_or(self.recommended, |reading| self.demand(reading).size);
        self.loads.record(now, asked.min(self.policy.max));
        self.loads.forget(now, self.policy.stabilization);
    }

    /// Decides, with the reason in words. `target_size` is the group's present target.
    pub fn decide(&mut self, now: Timestamp, target_size: u32) -> Decision {
        let step = self.step(now, target_size);
        Decision::explain(&self.policy, &step)
    }

    /// Decides without words and without allocating, for whoever decides a million times;
    /// [`Decision::explain`] puts the interesting ones into words.
    pub fn step(&mut self, now: Timestamp, target_size: u32) -> Step {
        self.loads.forget(now, self.policy.stabilization);
        let window = self
            .policy
            .scale_in
            .map(|control| control.window)
            .unwrap_or_default();
        self.recommendations.forget(now, window);

        let reading = self.reading(now);
        let demand = reading.map(|reading| self.demand(reading));
        let course = self.course(reading, demand, target_size);
        let step = Step {
            at: now,
            previous: self.recommended,
            recommended: course.size,
            target_size,
            wish: demand.map_or(course.base, |demand| demand.wish),
            demand: demand.map_or(course.base, |demand| demand.size),
            reading,
            resize_to: self.resize_to(course.size, target_size),
            binding: course.binding,
            hold: self.hold(&course, target_size),
            unserved: self.nothing_serves(now),
        };
        self.recommended = course.size;
        self.recommendations.record(now, course.size);
        step
    }

    /// The latest sample, if it is one and fresh.
    fn reading(&self, now: Timestamp) -> Option<Reading> {
        let (at, Sample { serving, size, cpu }) = self.latest?;
        let cpu = cpu.filter(|cpu| is_utilization(*cpu))?;
        let target = self.policy.cpu?.target;
        let usable = serving > 0 && now.since(at) <= FRESH_FOR;
        usable.then_some(Reading {
            serving,
            size: size.max(serving),
            cpu,
            target,
        })
    }

    fn demand(&self, reading: Reading) -> Demand {
        let Reading {
            serving,
            cpu,
            target,
            ..
        } = reading;
        let wish = size_for(serving, cpu, target);
        let overloaded = cpu >= SATURATION;
        let size = if overloaded {
            wish.min(overload_limit(serving))
        } else {
            wish
        };
        Demand { wish, size }
    }

    /// Applies the rules in Google's order: load, bounds, stabilization, scale-in control.
    fn course(&self, reading: Option<Reading>, demand: Option<Demand>, target_size: u32) -> Course {
        let Policy { min, max, .. } = self.policy;
        let Some((reading, demand)) = reading.zip(demand) else {
            return self.course_without_data(target_size);
        };
        let growth = (demand.size < demand.wish).then_some(Binding::OverloadGrowth);
        let mut course = Course::new(demand.size, growth, min, max);
        if let Some(peak) = self.loads.max() {
            course.raise(peak.size, Binding::Stabilization);
        }
        course.raise(self.newcomers_share(reading), Binding::Initialization);
        if !self.policy.is_fully_evaluated() {
            course.raise(self.recommended, Binding::SignalNotEvaluated);
        }
        self.control_scale_in(&mut course);
        course
    }

    /// Without data the size stays: above all, silence never shrinks a group.
    fn course_without_data(&self, target_size: u32) -> Course {
        let Policy { min, max, mode, .. } = self.policy;
        let asleep = target_size == 0 && (self.recommended == 0 || mode == Mode::Off);
        if asleep {
            return Course::new(0, Some(Binding::EmptyGroup), min, max);
        }
        let cause = if self.policy.cpu.is_none() {
            Binding::SignalNotEvaluated
        } else {
            Binding::MissingData
        };
        let mut course = Course::new(self.recommended.max(1), Some(cause), min, max);
        self.control_scale_in(&mut course);
        course
    }

    fn control_scale_in(&self, course: &mut Course) {
        if let (Some(control), Some(peak)) = (self.policy.scale_in, self.recommendations.max()) {
            course.raise(control.floor_below(peak.size), Binding::ScaleInControl);
        }
    }

    /// What to keep for the sake of instances that are still initializing.
    ///
    /// They are left out of the mean, but may carry load already: two instances at 0.8 became four
    /// at 0.4, and the two old ones alone would seem to need only two. So before anything shrinks
    /// they are counted as if as busy as the rest, and they themselves are never removed.
    fn newcomers_share(&self, reading: Reading) -> u32 {
        let Reading {
            serving,
            size,
            cpu,
            target,
        } = reading;
        let newcomers = size - serving;
        if newcomers == 0 {
            return 0;
        }
        size_for(size, cpu, target)
            .max(newcomers)
            .min(self.recommended)
    }

    fn resize_to(&self, recommended: u32, target_size: u32) -> Option<u32> {
        let follows = match self.policy.mode {
            Mode::On => recommended != target_size,
            Mode::OnlyScaleOut => recommended > target_size,
            Mode::Off => false,
        };
        follows.then_some(recommended)
    }

    fn hold(&self, course: &Course, target_size: u32) -> Option<Hold> {
        let kept_by_mode = match self.policy.mode {
            Mode::Off if course.size != target_size => Some(HoldCause::ModeOff),
            Mode::OnlyScaleOut if course.size < target_size => Some(HoldCause::ModeOnlyScaleOut),
            _ => None,
        };
        if let Some(cause) = kept_by_mode {
            let (size, wanted) = (target_size, course.size);
            return Some(Hold {
                cause,
                size,
                wanted,
                until: None,
                needed_at: None,
            });
        }
        let cause = course.binding?.hold_cause()?;
        let (last, span) = match cause {
            HoldCause::Stabilization => (
                self.loads.last_at_least(course.size),
                self.policy.stabilization,
            ),
            HoldCause::ScaleInControl => {
                let window = self.policy.scale_in.map(|control| control.window);
                (self.recommendations.max(), window.unwrap_or_default())
            }
            _ => (None, Duration::ZERO),
        };
        Some(Hold {
            cause,
            size: course.size,
            wanted: course.base,
            until: last.map(|peak| peak.at.after(span)),
            needed_at: last.map(|peak| peak.at),
        })
    }

    fn note_service(&mut self, now: Timestamp, sample: Sample) {
        if sample.serving > 0 || sample.size == 0 {
            self.unserved_since = None;
        } else {
            self.unserved_since.get_or_insert(now);
        }
    }

    /// A group that is starting serves nothing either, so its initialization period and the time
    /// that a machine takes to boot are waited for before it is called unhealthy.
    fn nothing_serves(&self, now: Timestamp) -> bool {
        let patience = self.policy.cool_down.saturating_add(BOOT_ALLOWANCE);
        self.unserved_since
            .is_some_and(|since| now.since(since) > patience)
    }
}

/// What the load asks for.
#[derive(Clone, Copy, Debug)]
struct Demand {
    /// By the formula alone.
    wish: u32,
    /// After the growth rule of an overloaded group.
    size: u32,
}

/// A machine at Google answers well within a minute of its creation.
const BOOT_ALLOWANCE: Duration = Duration::from_mins(1);
