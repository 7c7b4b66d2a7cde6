use crate::Timestamp;

/// The grain of a forecast: Google follows nothing shorter.
pub(crate) const BUCKET_MS: i64 = 10 * 60_000;

/// The buckets of a day and of a week.
pub(super) const DAY: i64 = 24 * 6;
pub(super) const WEEK: i64 = 7 * DAY;

/// Three weeks, Google's most.
const KEPT: i64 = 3 * WEEK;

/// The CPU demand of up to three weeks, as means of ten minutes.
///
/// A ring of fixed room: recording allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// By bucket modulo their number; not a number where there was no data.
    means: Vec<f64>,
    /// The oldest bucket with data, as far as it is still kept.
    first: Option<i64>,
    /// The bucket that is being filled.
    open: Open,
}

#[derive(Clone, Copy, Debug, Default)]
struct Open {
    bucket: i64,
    sum: f64,
    count: u32,
}

impl Open {
    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            means: vec![f64::NAN; KEPT as usize],
            first: None,
            open: Open::default(),
        }
    }

    /// Adds a demand. What belongs before the open bucket is passed over. When the demand opens a
    /// new bucket, the one before is closed, and its number and mean are the answer.
    pub(super) fn record(&mut self, at: Timestamp, demand: f64) -> Option<(i64, f64)> {
        let bucket = bucket_of(at);
        if self.first.is_none() {
            self.first = Some(bucket);
            self.open.bucket = bucket;
        }
        let closed = (bucket > self.open.bucket)
            .then(|| self.close(bucket))
            .flatten();
        if bucket == self.open.bucket {
            self.open.sum += demand;
            self.open.count = self.open.count.saturating_add(1);
        }
        closed
    }

    /// The mean of a closed bucket.
    pub(super) fn mean(&self, bucket: i64) -> Option<f64> {
        let is_kept = bucket < self.open.bucket && bucket >= self.oldest();
        let mean = self.means[bucket.rem_euclid(KEPT) as usize];
        (is_kept && !mean.is_nan()).then_some(mean)
    }

    /// The bucket that is being filled.
    pub(super) fn open_bucket(&self) -> i64 {
        self.open.bucket
    }

    /// How many buckets lie between the first one with data and the open one.
    pub(super) fn span(&self) -> i64 {
        let first = self.first.unwrap_or(self.open.bucket);
        self.open.bucket.saturating_sub(first.max(self.oldest()))
    }

    fn oldest(&self) -> i64 {
        self.open.bucket.saturating_sub(KEPT)
    }

    fn close(&mut self, next: i64) -> Option<(i64, f64)> {
        let closed = self.open;
        let mean = closed.mean();
        self.means[closed.bucket.rem_euclid(KEPT) as usize] = mean.unwrap_or(f64::NAN);
        let skipped = closed.bucket.saturating_add(1)..next;
        for bucket in skipped.take(KEPT as usize) {
            self.means[bucket.rem_euclid(KEPT) as usize] = f64::NAN;
        }
        self.open = Open {
            bucket: next,
            ..Open::default()
        };
        Some((closed.bucket, mean?))
    }
}

pub(super) fn bucket_of(at: Timestamp) -> i64 {
    at.0.div_euclid(BUCKET_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bucket: i64, second: i64) -> Timestamp {
        Timestamp(bucket * BUCKET_MS + second * 1000)
    }

    #[test]
    fn a_bucket_closes_with_its_mean_when_the_next_one_opens() {
        let mut history = History::new();
        assert_eq!(history.record(at(5, 0), 1.0), None);
        assert_eq!(history.record(at(5, 60), 3.0), None);
        assert_eq!(history.mean(5), None, "it is still open");
        assert_eq!(history.record(at(6, 0), 9.0), Some((5, 2.0)));
        assert_eq!(history.mean(5), Some(2.0));
        assert_eq!(history.record(at(5, 0), 7.0), None, "the past is closed");
        assert_eq!(history.mean(5), Some(2.0));
    }

    #[test]
    fn a_gap_has_no_mean() {
        let mut history = History::new();
        history.record(at(5, 0), 1.0);
        history.record(at(9, 0), 1.0);
        assert_eq!((history.mean(5), history.mean(7)), (Some(1.0), None));
        assert_eq!(history.span(), 4);
    }

    #[test]
    fn three_weeks_are_kept() {
        let mut history = History::new();
        for bucket in 0..=KEPT {
            history.record(at(bucket, 0), bucket as f64);
        }
        assert_eq!(history.mean(0), Some(0.0));
        history.record(at(KEPT + 1, 0), 1.0);
        assert_eq!((history.mean(0), history.mean(1)), (None, Some(1.0)));
        assert_eq!(history.span(), KEPT);
        history.record(at(10 * KEPT, 0), 1.0);
        assert_eq!(history.mean(KEPT), None);
    }
}
