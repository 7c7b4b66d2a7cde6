//! From the CPU time of one instance to its utilization.

use autoscaler::{Smoother, Timestamp};

/// Reports closer together than this are not divided by each other: the quotient would be noise.
const TOO_SHORT_NS: u64 = 200_000_000;

/// Turns a sum of CPU time into utilization. CPU time is real, so it is divided by real time,
/// however fast the cloud's clock runs.
#[derive(Debug)]
pub(super) struct CpuGauge {
    cores: f64,
    last: Option<Report>,
    smoother: Smoother,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    used_ns: u64,
    at_ns: u64,
}

impl CpuGauge {
    /// A gauge for a machine that reserves so many cores.
    pub(super) fn new(cores: f64) -> Self {
        Self {
            cores,
            last: None,
            smoother: Smoother::new(),
        }
    }

    /// Takes a supervisor's report; the utilization since the report before.
    pub(super) fn report(&mut self, at: Timestamp, used_ns: u64, at_ns: u64) -> Option<f64> {
        let Some(last) = self.last else {
            self.last = Some(Report { used_ns, at_ns });
            return None;
        };
        let took_ns = at_ns.saturating_sub(last.at_ns);
        if took_ns < TOO_SHORT_NS {
            return None;
        }
        self.last = Some(Report { used_ns, at_ns });
        let used_ns = used_ns.saturating_sub(last.used_ns);
        let utilization = used_ns as f64 / (took_ns as f64 * self.cores);
        self.smoother.record(at, utilization);
        Some(utilization)
    }

    /// The mean of the last minute of the clock, once there is enough to say so.
    pub(super) fn mean(&self, now: Timestamp) -> Option<f64> {
        self.smoother.mean(now)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Reports of one real second each, at twenty times the speed.
    fn gauge(busy: &[u64]) -> (CpuGauge, Timestamp) {
        let mut gauge = CpuGauge::new(0.25);
        gauge.report(Timestamp(0), 0, 0);
        let (mut used, mut now) = (0, Timestamp(0));
        for (second, busy) in busy.iter().enumerate() {
            used += busy;
            let second = second as u64 + 1;
            now = Timestamp(second as i64 * 20_000);
            gauge.report(now, used, second * SECOND);
        }
        (gauge, now)
    }

    #[test]
    fn utilization_is_cpu_time_over_share_and_may_exceed_one() {
        let (gauge, now) = gauge(&[SECOND / 2; 5]);
        let mean = gauge.mean(now).unwrap();
        assert!((mean - 2.0).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn a_last_word_right_after_a_report_is_not_divided_by_nothing() {
        let (mut gauge, now) = gauge(&[SECOND / 4; 3]);
        let used = 3 * SECOND / 4;
        assert_eq!(
            gauge.report(now, used + 1_000_000, 3 * SECOND + 1_000),
            None
        );
        assert_eq!(
            gauge.report(
                now.after(std::time::Duration::from_secs(20)),
                used,
                4 * SECOND
            ),
            Some(0.0)
        );
    }
}
