//! From single probes to a verdict: hysteresis by thresholds.

use super::{Check, Health};

/// How many probes in a row had the same outcome.
#[derive(Debug, Default)]
pub(super) struct Streak {
    success: bool,
    length: u32,
}

impl Streak {
    /// Counts one probe; the verdict, once enough of them agree.
    ///
    /// The same rule gives the first verdict and every later one, so that an instance which has
    /// just been created is neither trusted nor condemned for a single answer.
    pub(super) fn verdict(&mut self, success: bool, check: &Check) -> Option<Health> {
        self.length = if success == self.success {
            self.length.saturating_add(1)
        } else {
            1
        };
        self.success = success;
        let (threshold, verdict) = if success {
            (check.healthy_threshold, Health::Healthy)
        } else {
            (check.unhealthy_threshold, Health::Unhealthy)
        };
        (self.length >= threshold.max(1)).then_some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn verdicts(healthy: u32, unhealthy: u32, probes: &[bool]) -> Vec<Option<Health>> {
        let check = Check {
            name: "check".to_owned(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            healthy_threshold: healthy,
            unhealthy_threshold: unhealthy,
            path: "/".to_owned(),
            host: None,
            port: None,
        };
        let mut streak = Streak::default();
        probes
            .iter()
            .map(|success| streak.verdict(*success, &check))
            .collect()
    }

    #[test]
    fn the_first_verdict_needs_as_many_probes_as_any_other() {
        assert_eq!(verdicts(2, 2, &[true, true]), [None, Some(Health::Healthy)]);
        assert_eq!(
            verdicts(2, 2, &[false, false]),
            [None, Some(Health::Unhealthy)]
        );
    }

    #[test]
    fn a_single_failure_between_successes_changes_nothing() {
        let seen = verdicts(1, 2, &[true, false, true, false]);
        let healthy = Some(Health::Healthy);
        assert_eq!(seen, [healthy, None, healthy, None]);
    }

    #[test]
    fn a_threshold_of_zero_counts_as_one() {
        assert_eq!(verdicts(0, 0, &[false]), [Some(Health::Unhealthy)]);
    }
}
