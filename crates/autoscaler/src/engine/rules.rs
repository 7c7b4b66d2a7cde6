//! The rules in their order.

use super::asked::{Asked, Leading};
use super::course::Course;
use super::{Binding, Engine, SignalStep};
use crate::{Mode, Policy};

impl Engine {
    /// Applies the rules in Google's order: load, bounds, stabilization, scale-in control.
    pub(super) fn course(&self, asked: &Asked, target_size: u32) -> Course {
        let Some(leading) = asked.leading else {
            return self.course_without_data(asked, target_size);
        };
        let mut course = self.course_of_load(leading);
        if asked.is_blind {
            course.raise(self.recommended, Binding::MissingData);
        }
        course.raise(self.silent_share(asked), Binding::MissingData);
        if let Some(peak) = self.loads.max() {
            course.raise(peak.size, Binding::Stabilization);
        }
        course.raise(self.newcomers_share(asked), Binding::Initialization);
        if self.departure.is_some() && self.policy.multiplies_instances() {
            // The smoothed reading still spans the time when more instances shared the load, while
            // it is multiplied by fewer: eight at 0.69 became seven, which read 0.75 for a while
            // and are at 0.78, and would lose a sixth that has to come back at once.
            course.raise(self.recommended, Binding::Settling);
        }
        self.control_scale_in(&mut course);
        course
    }

    fn course_of_load(&self, leading: Leading) -> Course {
        let Policy { min, max, .. } = self.policy;
        let growth = (leading.demand < leading.wish).then_some(Binding::OverloadGrowth);
        Course::new(leading.demand, growth, min, max)
    }

    /// Without data the size stays: above all, silence never shrinks a group.
    fn course_without_data(&self, asked: &Asked, target_size: u32) -> Course {
        let Policy { min, max, .. } = self.policy;
        let is_empty = self.is_empty(target_size);
        if is_empty && !asked.is_blind {
            return Course::new(0, Some(Binding::EmptyGroup), min, max);
        }
        let mut course = Course::new(self.recommended, Some(Binding::MissingData), min, max);
        if !is_empty && self.policy.measures_instances() {
            course.raise(1, Binding::MissingData);
        }
        self.control_scale_in(&mut course);
        course
    }

    /// Whether the group has no instance, and that is how it is meant to be.
    pub(super) fn is_empty(&self, target_size: u32) -> bool {
        let is_meant = self.recommended == 0 || self.policy.mode == Mode::Off;
        self.policy.min == 0 && target_size == 0 && is_meant
    }

    fn control_scale_in(&self, course: &mut Course) {
        if let (Some(control), Some(peak)) = (self.policy.scale_in, self.recommendations.max()) {
            course.raise(control.floor_below(peak.size), Binding::ScaleInControl);
        }
    }

    /// What to keep for the sake of serving instances of which a signal shows nothing.
    fn silent_share(&self, asked: &Asked) -> u32 {
        let (serving, _) = self.counts();
        let is_partial = |step: &&SignalStep| step.observed.reporting(serving) < serving;
        let partial = asked.signals.iter().filter(is_partial);
        let shares = partial.map(|step| step.if_all_were_busy(serving));
        shares.fold(0, u32::max).min(self.recommended)
    }

    /// What to keep for the sake of instances that are still initializing.
    ///
    /// They are left out of the means, but may carry load already: two instances at 0.8 became four
    /// at 0.4, and the two old ones alone would seem to need only two. So before anything shrinks
    /// they are counted as if as busy as the rest, and they themselves are never removed.
    fn newcomers_share(&self, asked: &Asked) -> u32 {
        let (serving, size) = self.counts();
        let newcomers = size - serving;
        if newcomers == 0 {
            return 0;
        }
        let shares = asked.signals.iter().map(|step| step.if_all_were_busy(size));
        shares.fold(newcomers, u32::max).min(self.recommended)
    }
}
