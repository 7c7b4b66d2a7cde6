//! What the number of instances says beside the load: whether they serve, and whether some left.

use std::time::Duration;

use super::{Engine, Sample, Service};
use crate::Timestamp;
use crate::smoother::{FRESH_FOR, MIN_SAMPLES, SMOOTHING};

/// A machine at Google answers well within a minute of its creation.
const BOOT_ALLOWANCE: Duration = Duration::from_mins(1);

/// Instances went away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departure {
    at: Timestamp,
    /// How many samples there have been since.
    samples: usize,
}

impl Engine {
    /// The instances that serve, and those with the ones still initializing.
    pub(super) fn counts(&self) -> (u32, u32) {
        self.latest.map_or((0, 0), |(_, sample)| {
            (sample.serving, sample.size.max(sample.serving))
        })
    }

    pub(super) fn note_service(&mut self, now: Timestamp, sample: Sample) {
        if sample.serving > 0 || sample.size == 0 {
            self.unserved_since = None;
        } else {
            self.unserved_since.get_or_insert(now);
        }
    }

    pub(super) fn note_departure(&mut self, now: Timestamp, sample: Sample) {
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

    /// A group that is starting serves nothing either, so its initialization period and the time
    /// that a machine takes to boot are waited for before it is called down.
    pub(super) fn service(&self, now: Timestamp) -> Service {
        let patience = self.policy.cool_down.saturating_add(BOOT_ALLOWANCE);
        let unserved_for = self.unserved_since.map(|since| now.since(since));
        let is_stale = self.latest.is_some_and(|(at, _)| now.since(at) > FRESH_FOR);
        match unserved_for {
            Some(unserved) if unserved > patience => Service::Down,
            _ if self.counts().0 > 0 || is_stale => Service::Up,
            _ => Service::Starting,
        }
    }
}

impl Departure {
    /// Whether the smoothed reading is of the remaining instances alone, with all their load.
    fn is_settled(self, now: Timestamp) -> bool {
        now.since(self.at) >= SMOOTHING && self.samples >= MIN_SAMPLES
    }
}
