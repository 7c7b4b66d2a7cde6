use std::collections::VecDeque;
use std::time::Duration;

use crate::Timestamp;
use crate::engine::is_measurement;

/// A reading older than this is no reading.
///
/// Google samples once a minute, and the local cloud once a real second, which is at most an
/// emulated minute: twice that is one sample missed for certain.
pub const FRESH_FOR: Duration = Duration::from_mins(2);

/// The span that utilization is averaged over, on the cloud's clock.
pub const SMOOTHING: Duration = Duration::from_mins(1);

/// The samples that a mean needs: fewer would pass a single spike off as load.
pub const MIN_SAMPLES: usize = 3;

/// Averages the utilization of *one* instance over the last minute of the cloud's clock, and over
/// at least three samples where a fast clock leaves fewer in a minute.
///
/// One per instance, and then [`mean`] over the instances. Smoothing the group's mean instead would
/// multiply the mean of two busy instances by the number of four, in the minute after two joined.
#[derive(Clone, Debug, Default)]
pub struct Smoother {
    samples: VecDeque<(Timestamp, f64)>,
}

impl Smoother {
    /// One without samples.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample; one that is not a number of at least 0 is passed over.
    pub fn record(&mut self, now: Timestamp, utilization: f64) {
        if !is_measurement(utilization) {
            return;
        }
        self.samples.push_back((now, utilization));
        while self.samples.len() > MIN_SAMPLES && self.front_is_old(now) {
            self.samples.pop_front();
        }
    }

    /// The mean, once there are samples enough and the last one is fresh.
    ///
    /// Summed anew each time and in the order of the samples: a running sum would drift, and
    /// differ between two computations of the same recording.
    pub fn mean(&self, now: Timestamp) -> Option<f64> {
        let (latest, _) = self.samples.back()?;
        if self.samples.len() < MIN_SAMPLES || now.since(*latest) > FRESH_FOR {
            return None;
        }
        mean(self.samples.iter().map(|(_, utilization)| *utilization))
    }

    fn front_is_old(&self, now: Timestamp) -> bool {
        self.samples
            .front()
            .is_some_and(|(at, _)| now.since(*at) >= SMOOTHING)
    }
}

/// The mean of the values in their order; `None` of none.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values
        .into_iter()
        .fold((0.0, 0_u32), |(sum, count), value| {
            (sum + value, count.saturating_add(1))
        });
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smoothed(step_s: i64, values: &[f64]) -> (Smoother, Timestamp) {
        let mut smoother = Smoother::new();
        let mut now = Timestamp(0);
        for (index, value) in values.iter().enumerate() {
            now = Timestamp(index as i64 * step_s * 1000);
            smoother.record(now, *value);
        }
        (smoother, now)
    }

    #[test]
    fn fewer_than_three_samples_have_no_mean() {
        let (smoother, now) = smoothed(1, &[0.5, 0.5]);
        assert_eq!(smoother.mean(now), None);
        assert_eq!(Smoother::new().mean(now), None);
    }

    #[test]
    fn three_samples_have_one() {
        let (smoother, now) = smoothed(1, &[0.2, 0.4, 0.6]);
        assert!(
            smoother
                .mean(now)
                .is_some_and(|mean| (mean - 0.4).abs() < 1e-12)
        );
    }

    #[test]
    fn samples_older_than_a_minute_are_forgotten() {
        let busy_then_idle: Vec<f64> = (0..120)
            .map(|second| if second < 60 { 1.0 } else { 0.0 })
            .collect();
        let (smoother, now) = smoothed(1, &busy_then_idle);
        assert_eq!(smoother.mean(now), Some(0.0));
        assert_eq!(smoother.samples.len(), 60);
    }

    #[test]
    fn at_sixty_times_the_speed_the_last_three_samples_count() {
        let (smoother, now) = smoothed(60, &[1.0, 1.0, 0.3, 0.3, 0.3]);
        assert!(
            smoother
                .mean(now)
                .is_some_and(|mean| (mean - 0.3).abs() < 1e-12)
        );
    }

    #[test]
    fn an_instance_that_fell_silent_has_no_mean() {
        let (smoother, now) = smoothed(1, &[0.5; 10]);
        assert!(smoother.mean(now.after(FRESH_FOR)).is_some());
        assert!(
            smoother
                .mean(now.after(FRESH_FOR + Duration::from_millis(1)))
                .is_none()
        );
    }

    #[test]
    fn what_is_not_a_utilization_is_passed_over() {
        let (smoother, now) = smoothed(1, &[0.5, f64::NAN, 0.5, -1.0, f64::INFINITY, 0.5]);
        assert_eq!(smoother.mean(now), Some(0.5));
    }
}
