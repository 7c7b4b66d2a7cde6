//! All scaling schedules of a policy.

use super::schedule::{Run, ScheduleStatus};
use crate::{Policy, Timestamp, Zones};

/// Where the schedules stand, in the order of the policy's map.
///
/// In the steady state a look at the clock is one comparison: the next instant at which any
/// schedule starts or ends is known.
#[derive(Clone, Debug)]
pub(super) struct Schedules {
    runs: Vec<Run>,
    looked_at: Timestamp,
    changes_at: Timestamp,
    required: Option<Required>,
    /// A schedule whose time zone is not known.
    lost: Option<usize>,
}

/// The largest minimum of all active schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) size: u32,
    /// Which schedule wants it, by its place in the policy's map; the first of equals.
    pub(super) index: usize,
}

impl Schedules {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            runs: policy.schedules.values().map(Run::new).collect(),
            looked_at: Timestamp(i64::MIN),
            changes_at: Timestamp(i64::MIN),
            required: None,
            lost: None,
        }
    }

    /// Looks at every schedule anew, as if at none before: other zones, or a clock that stepped
    /// back.
    fn forget(&mut self) {
        self.changes_at = Timestamp(i64::MIN);
        for run in &mut self.runs {
            run.changes_at = Timestamp(i64::MIN);
        }
    }

    /// Brings the schedules to `now`. The policy must be the one that they were made from.
    pub(super) fn look(&mut self, policy: &Policy, zones: &Zones, now: Timestamp) {
        if now < self.looked_at {
            self.forget();
        }
        self.looked_at = now;
        if now < self.changes_at {
            return;
        }
        for (run, schedule) in self.runs.iter_mut().zip(policy.schedules.values()) {
            if now >= run.changes_at {
                run.look(&schedule.schedule, zones.get(&schedule.time_zone), now);
            }
        }
        let changes = self.runs.iter().map(|run| run.changes_at);
        self.changes_at = changes.min().unwrap_or(Timestamp(i64::MAX));
        self.required = self.largest();
        self.lost = self.runs.iter().position(|run| run.is_lost);
    }

    pub(super) fn lost(&self) -> Option<usize> {
        self.lost
    }

    pub(super) fn required(&self) -> Option<Required> {
        self.required
    }

    pub(super) fn statuses(&self) -> impl Iterator<Item = ScheduleStatus> {
        self.runs.iter().map(Run::status)
    }

    fn largest(&self) -> Option<Required> {
        let mut largest: Option<Required> = None;
        for (index, run) in self
            .runs
            .iter()
            .enumerate()
            .filter(|(_, run)| run.is_active)
        {
            let size = run.min_required;
            if largest.is_none_or(|largest| size > largest.size) {
                largest = Some(Required { size, index });
            }
        }
        largest
    }
}
