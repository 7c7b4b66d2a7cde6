//! The state machine: samples in, steps out.

mod asked;
mod course;
mod hold;
mod instances;
mod rules;
mod sample;
mod schedule;
mod schedules;
mod signal;
mod step;

use std::time::Duration;

use crate::forecast::Forecast;
use crate::peaks::Peaks;
use crate::smoother::FRESH_FOR;
use crate::{Decision, Policy, Timestamp, Zones};

use asked::Asked;
use course::Course;
pub use hold::{Hold, HoldCause};
use instances::Departure;
pub(crate) use sample::is_measurement;
pub use sample::{Absence, Observed, Sample};
pub use schedule::{ScheduleState, ScheduleStatus};
use schedules::Schedules;
pub use signal::{Signal, SignalStep, Signals};
pub use step::{Binding, Service, Step};

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
    schedules: Schedules,
    zones: Zones,
    /// With prediction alone.
    forecast: Option<Box<Forecast>>,
    /// The largest demand that is forecast until an instance of now has initialized.
    predicted: Option<f64>,
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
            schedules: Schedules::new(&policy),
            zones: Zones::new(),
            forecast: policy.predicts().then(Box::default),
            predicted: None,
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
        self.schedules = Schedules::new(&policy);
        if !policy.predicts() {
            (self.forecast, self.predicted) = (None, None);
        } else if self.forecast.is_none() {
            self.forecast = Some(Box::default());
        }
        self.policy = policy;
    }

    /// Tells of the group's CPU demand before the first sample, in the order of time: the sum of
    /// its instances' utilization. Up to three weeks count, and only with prediction.
    pub fn learn(&mut self, at: Timestamp, demand: f64) {
        if let Some(forecast) = &mut self.forecast {
            forecast.learn(at, demand);
        }
    }

    /// Gives the zones that the policy's schedules name. A schedule in an unknown one asks for
    /// nothing, and the status says so; UTC is always known.
    pub fn set_zones(&mut self, zones: Zones) {
        self.zones = zones;
        self.schedules = Schedules::new(&self.policy);
    }

    /// [`set_zones`](Self::set_zones) for a new engine.
    #[must_use]
    pub fn with_zones(mut self, zones: Zones) -> Self {
        self.set_zones(zones);
        self
    }

    /// Each schedule of the policy by name, as of the last sample or decision.
    pub fn schedules(&self) -> impl Iterator<Item = (&str, ScheduleStatus)> {
        let names = self.policy.schedules.keys().map(String::as_str);
        names.zip(self.schedules.statuses())
    }

    /// Takes in a sample.
    pub fn observe(&mut self, now: Timestamp, sample: Sample) {
        self.note_service(now, sample);
        self.note_departure(now, sample);
        self.latest = Some((now, sample));
        if let Some(cpu) = sample.cpu.filter(|_| sample.serving > 0) {
            self.learn(now, cpu * f64::from(sample.serving));
        }
        self.look_around(now);
        let asked = Asked::new(self, now, self.is_empty(sample.size));
        let needed = asked.needed(self.recommended);
        self.loads.record(now, needed.min(self.policy.max));
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
        self.look_around(now);

        let asked = Asked::new(self, now, self.is_empty(target_size));
        let course = self.course(&asked, target_size);
        let leading = asked.leading;
        let step = Step {
            at: now,
            previous: self.recommended,
            recommended: course.size,
            target_size,
            serving: self.counts().0,
            signals: asked.signals,
            source: leading.map(|leading| leading.signal),
            wish: leading.map_or(course.base, |leading| leading.wish),
            demand: leading.map_or(course.base, |leading| leading.demand),
            resize_to: self.policy.mode.resize(target_size, course.size),
            binding: self.binding(&course),
            hold: self.hold(&course, target_size),
            service: self.service(now),
            lost_schedule: self.schedules.lost(),
        };
        // A schedule is honoured without any sample, and its end waits for the stabilization.
        if let Some(required) = self.schedules.required() {
            self.loads.record(now, required.size.min(self.policy.max));
        }
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

    /// Brings what the clock alone decides to `now`.
    fn look_around(&mut self, now: Timestamp) {
        self.schedules.look(&self.policy, &self.zones, now);
        let lead = self.policy.cool_down;
        let forecast = self.forecast.as_mut();
        self.predicted = forecast.and_then(|forecast| forecast.peak(now, lead));
    }

    /// What each signal shows in the latest sample, if that is fresh.
    fn signals(&self, now: Timestamp) -> Signals {
        let fresh = self
            .latest
            .as_ref()
            .filter(|(at, _)| now.since(*at) <= FRESH_FOR);
        Signals::of(
            &self.policy,
            fresh.map(|(_, sample)| sample),
            self.predicted,
        )
    }

    fn scale_in_window(&self) -> Duration {
        self.policy
            .scale_in
            .map_or(Duration::ZERO, |control| control.window)
    }
}
