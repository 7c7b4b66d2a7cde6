//! The rules in their order.

use super::course::Course;
use super::{Binding, Engine, Reading};
use crate::demand::{SATURATION, overload_limit, size_for};
use crate::{Mode, Policy};

/// What the load asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// By the formula alone.
    pub(super) wish: u32,
    /// After the growth rule of an overloaded group.
    pub(super) size: u32,
}

impl Demand {
    pub(super) fn of(reading: Reading) -> Self {
        let wish = size_for(reading.serving, reading.cpu, reading.target);
        let size = if reading.cpu >= SATURATION {
            wish.min(overload_limit(reading.serving))
        } else {
            wish
        };
        Self { wish, size }
    }
}

impl Engine {
    /// Applies the rules in Google's order: load, bounds, stabilization, scale-in control.
    pub(super) fn course(&self, measured: Option<(Reading, Demand)>, target_size: u32) -> Course {
        let Some((reading, demand)) = measured else {
            return self.course_without_data(target_size);
        };
        let Policy { min, max, .. } = self.policy;
        let growth = (demand.size < demand.wish).then_some(Binding::OverloadGrowth);
        let mut course = Course::new(demand.size, growth, min, max);
        if !self.policy.is_fully_evaluated() {
            course.raise(self.recommended, Binding::SignalNotEvaluated);
        }
        if let Some(peak) = self.loads.max() {
            course.raise(peak.size, Binding::Stabilization);
        }
        course.raise(self.newcomers_share(reading), Binding::Initialization);
        if self.departure.is_some() {
            // The smoothed reading still spans the time when more instances shared the load, while
            // it is multiplied by fewer: eight at 0.69 became seven, which read 0.75 for a while
            // and are at 0.78, and would lose a sixth that has to come back at once.
            course.raise(self.recommended, Binding::Settling);
        }
        self.control_scale_in(&mut course);
        course
    }

    /// Without data the size stays: above all, silence never shrinks a group.
    fn course_without_data(&self, target_size: u32) -> Course {
        let Policy { min, max, mode, .. } = self.policy;
        let emptied = self.recommended == 0 || mode == Mode::Off;
        if min == 0 && target_size == 0 && emptied {
            return Course::new(0, Some(Binding::EmptyGroup), min, max);
        }
        let cause = if self.policy.cpu.is_none() {
            Binding::SignalNotEvaluated
        } else {
            Binding::MissingData
        };
        let mut course = Course::new(self.recommended, Some(cause), min, max);
        course.raise(1, cause);
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
        let newcomers = reading.size - reading.serving;
        if newcomers == 0 {
            return 0;
        }
        size_for(reading.size, reading.cpu, reading.target)
            .max(newcomers)
            .min(self.recommended)
    }
}
