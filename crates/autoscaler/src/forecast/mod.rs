//! What CPU the group will need, from the days and weeks before.

mod history;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Timestamp;
use crate::engine::is_measurement;
use history::{BUCKET_MS, DAY, History, WEEK, bucket_of};

/// Google forecasts after three days of history.
const LEAST: i64 = 3 * DAY;

/// How many days the daily pattern is the mean of, and how many weeks the weekly one.
const DAYS: i64 = 7;
const WEEKS: i64 = 3;

/// The buckets that say how today compares with the pattern, and how far that is believed.
const HOUR: i64 = 6;
const LEVELS: RangeInclusive<f64> = 0.5..=2.0;

/// A pattern that was right of late counts: the memory of its errors fades to a third in a day.
const FADE: f64 = 1.0 / DAY as f64;

/// Nobody starts an instance more than a day ahead; an initialization period may be set longer.
const FARTHEST: i64 = DAY;

/// Forecasts the CPU demand of a group, in fully used instances.
///
/// Two patterns compete: the same time of the last seven days, and the same time of the same
/// weekday of the last three weeks. The one that erred less of late is followed. Days are those of
/// UTC, so a pattern moves by an hour when summer time begins or ends.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    history: History,
    daily: Faded,
    weekly: Faded,
    /// The forecast from the bucket before the open one on; made anew with every bucket.
    ahead: Vec<Option<f64>>,
    ahead_from: i64,
    /// The open bucket when it was made.
    made_in: i64,
}

/// The mean absolute error of a pattern, of late.
#[derive(Clone, Copy, Debug, Default)]
struct Faded(Option<f64>);

impl Faded {
    fn add(&mut self, error: f64) {
        self.0 = Some(self.0.map_or(error, |mean| mean + (error - mean) * FADE));
    }
}

impl Default for Forecast {
    fn default() -> Self {
        Self::new()
    }
}

impl Forecast {
    fn new() -> Self {
        Self {
            history: History::new(),
            daily: Faded::default(),
            weekly: Faded::default(),
            ahead: Vec::with_capacity(FARTHEST as usize + 3),
            ahead_from: i64::MIN,
            made_in: i64::MIN,
        }
    }

    /// Takes in a demand, in the order of time.
    pub(crate) fn learn(&mut self, at: Timestamp, demand: f64) {
        if !is_measurement(demand) {
            return;
        }
        let Some((bucket, mean)) = self.history.record(at, demand) else {
            return;
        };
        if let Some(daily) = self.pattern(bucket, DAY, DAYS) {
            self.daily.add((mean - daily).abs());
        }
        if let Some(weekly) = self.pattern(bucket, WEEK, WEEKS) {
            self.weekly.add((mean - weekly).abs());
        }
    }

    /// The largest demand from now until `lead` later; `None` without three days of history.
    pub(crate) fn peak(&mut self, now: Timestamp, lead: Duration) -> Option<f64> {
        if self.history.span() < LEAST {
            return None;
        }
        let lead = i64::try_from(lead.as_millis()).unwrap_or(i64::MAX);
        let end = Timestamp(now.0.saturating_add(lead.min(FARTHEST * BUCKET_MS)));
        self.look_ahead(bucket_of(now), bucket_of(end));
        // The curve is straight between the middles of the buckets, so it is highest at one of
        // them or at an end of the span.
        let middles = bucket_of(now)..=bucket_of(end);
        let inside = middles
            .map(middle_of)
            .filter(|middle| *middle > now && *middle < end);
        [now, end]
            .into_iter()
            .chain(inside)
            .filter_map(|at| self.at(at))
            .reduce(f64::max)
    }

    /// Makes the forecast of all buckets that the span touches, unless it is made already.
    fn look_ahead(&mut self, first: i64, last: i64) {
        let from = first.saturating_sub(1);
        let count = last.saturating_sub(from).saturating_add(2) as usize;
        let made_in = self.history.open_bucket();
        if (self.ahead_from, self.made_in) == (from, made_in) && self.ahead.len() >= count {
            return;
        }
        (self.ahead_from, self.made_in) = (from, made_in);
        self.ahead.clear();
        let level = self.level();
        for bucket in (from..).take(count) {
            let demand = self.demand(bucket).map(|demand| demand * level);
            self.ahead.push(demand);
        }
    }

    /// How much higher the load of the last hour was than its pattern: today may be a busier day
    /// than the others.
    fn level(&self) -> f64 {
        let open = self.history.open_bucket();
        let (mut seen, mut expected) = (0.0, 0.0);
        for bucket in open.saturating_sub(HOUR)..open {
            if let (Some(mean), Some(demand)) = (self.history.mean(bucket), self.demand(bucket)) {
                seen += mean;
                expected += demand;
            }
        }
        if expected > 0.0 {
            (seen / expected).clamp(*LEVELS.start(), *LEVELS.end())
        } else {
            1.0
        }
    }

    /// The forecast of an instant, between those of the buckets around it.
    fn at(&self, at: Timestamp) -> Option<f64> {
        let left = bucket_of(Timestamp(at.0.saturating_sub(BUCKET_MS / 2)));
        let share = at.0.saturating_sub(middle_of(left).0) as f64 / BUCKET_MS as f64;
        match (self.bucket(left), self.bucket(left.saturating_add(1))) {
            (Some(left), Some(right)) => Some(left + (right - left) * share),
            (left, right) => left.or(right),
        }
    }

    fn bucket(&self, bucket: i64) -> Option<f64> {
        let index = usize::try_from(bucket.saturating_sub(self.ahead_from)).ok()?;
        self.ahead.get(index).copied().flatten()
    }

    /// What the better pattern says about a bucket.
    fn demand(&self, bucket: i64) -> Option<f64> {
        let daily = self.pattern(bucket, DAY, DAYS);
        let weekly = self.pattern(bucket, WEEK, WEEKS);
        match (self.daily.0, self.weekly.0) {
            (Some(by_day), Some(by_week)) if by_week < by_day => weekly.or(daily),
            _ => daily.or(weekly),
        }
    }

    /// The mean of the same time of earlier periods, in a fixed order.
    fn pattern(&self, bucket: i64, period: i64, most: i64) -> Option<f64> {
        let earlier = (1..=most).map(|count| bucket.saturating_sub(count * period));
        crate::mean(earlier.filter_map(|earlier| self.history.mean(earlier)))
    }
}

fn middle_of(bucket: i64) -> Timestamp {
    Timestamp(
        bucket
            .saturating_mul(BUCKET_MS)
            .saturating_add(BUCKET_MS / 2),
    )
}

#[cfg(test)]
mod tests;
