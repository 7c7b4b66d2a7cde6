//! The state machine: samples in, steps out.

mod course;
mod hold;
mod rules;
mod step;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::peaks::Peaks;
use crate::smoother::{FRESH_FOR, MIN_SAMPLES, SMOOTHING, is_utilization};
use crate::{Decision, Policy, Timestamp};

use course::Course;
pub use hold::{Hold, HoldCause};
use rules::Demand;
pub use step::{Binding, Gap, Reading, Step};

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
    /// The last time that there were fewer instances than before, until the reading shows it.
    departure: Option<Departure>,
}

/// Instances went away.
#[derive(Clone, Copy, Debug)]
struct Departure {
    at: Timestamp,
    /// How many samples there have been since.
    samples: usize,
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
            departure: None,
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
        self.note_service(now, sample);
        self.note_departure(now, sample);
        self.latest = Some((now, sample));
        // A gap in the data is remembered as the size that was held through it: nobody knows what
        // the load was meanwhile, so the stabilization period starts over when the data returns.
        let asked = self
            .reading(now)
            .map_or(self.recommended, |reading| Demand::of(reading).size);
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
        self.recommendations.forget(now, self.scale_in_window());

        let reading = self.reading(now);
        let demand = reading.map(Demand::of);
        let course = self.course(reading.zip(demand), target_size);
        let step = Step {
            at: now,
            previous: self.recommended,
            recommended: course.size,
            target_size,
            wish: demand.map_or(course.base, |demand| demand.wish),
            demand: demand.map_or(course.base, |demand| demand.size),
            reading,
            resize_to: self.policy.mode.resize(target_size, course.size),
            binding: self.binding(&course),
            hold: self.hold(&course, target_size),
            gap: self.gap(now, reading),
        };
        self.recommended = course.size;
        self.recommendations.record(now, course.size);
        step
    }

    /// A size that falls to a new maximum falls because of it, whatever keeps it there then.
    fn binding(&self, course: &Course) -> Option<Binding> {
        let max = self.policy.max;
        let cut = self.recommended > max && course.size == max;
        if cut {
            Some(Binding::MaxInstances)
        } else {
            course.binding
        }
    }

    /// The latest sample, if it is one and fresh.
    fn reading(&self, now: Timestamp) -> Option<Reading> {
        let (at, sample) = self.latest?;
        let reading = Reading {
            serving: sample.serving,
            size: sample.size.max(sample.serving),
            cpu: sample.cpu.filter(|cpu| is_utilization(*cpu))?,
            target: self.policy.cpu?.target,
        };
        (reading.serving > 0 && now.since(at) <= FRESH_FOR).then_some(reading)
    }

    fn scale_in_window(&self) -> Duration {
        self.policy
            .scale_in
            .map_or(Duration::ZERO, |control| control.window)
    }

    fn note_service(&mut self, now: Timestamp, sample: Sample) {
        if sample.serving > 0 || sample.size == 0 {
            self.unserved_since = None;
        } else {
            self.unserved_since.get_or_insert(now);
        }
    }

    fn note_departure(&mut self, now: Timestamp, sample: Sample) {
        let fewer = |before: Sample| sample.serving < before.serving || sample.size < before.size;
        if self.latest.is_some_and(|(_, before)| fewer(before)) {
            self.departure = Some(Departure {
                at: now,
                samples: 0,
            });
        }
        self.departure = self
            .departure
            .filter(|departure| !departure.is_settled(now));
        if let Some(departure) = &mut self.departure {
            departure.samples += 1;
        }
    }

    /// What is wrong with the data, if something is.
    ///
    /// A group that is starting serves nothing either, so its initialization period and the time
    /// that a machine takes to boot are waited for before it is called unhealthy.
    fn gap(&self, now: Timestamp, reading: Option<Reading>) -> Option<Gap> {
        let patience = self.policy.cool_down.saturating_add(BOOT_ALLOWANCE);
        let unserved_for = self.unserved_since.map(|since| now.since(since));
        if unserved_for.is_some_and(|unserved| unserved > patience) {
            return Some(Gap::NothingServes);
        }
        let (at, sample) = self.latest?;
        let expected = sample.serving > 0 || now.since(at) > FRESH_FOR;
        (expected && reading.is_none() && self.policy.cpu.is_some()).then_some(Gap::NoReading)
    }
}

impl Departure {
    /// Whether the smoothed reading is of the remaining instances alone, with all their load.
    fn is_settled(self, now: Timestamp) -> bool {
        now.since(self.at) >= SMOOTHING && self.samples >= MIN_SAMPLES
    }
}

/// A machine at Google answers well within a minute of its creation.
const BOOT_ALLOWANCE: Duration = Duration::from_mins(1);
