//! One series in memory: the points of the last hour, and the minutes that are not stored yet.

use std::collections::{BTreeMap, VecDeque};

use autoscaler::Timestamp;

use super::{Aggregate, Point, Value, ValueType, rollup::MINUTE};

/// How long single points are kept, in emulated milliseconds; and how many, so that a stranger who
/// writes points faster than ours come cannot fill the memory.
const RAW_FOR: i64 = 60 * MINUTE;
const RAW_AT_MOST: usize = 4_000;

#[derive(Debug)]
pub(super) struct Series {
    value_type: ValueType,
    raw: VecDeque<Point>,
    /// From here on every point is in `raw`; before, the stored minutes answer.
    complete_from: Timestamp,
    /// The minutes that changed since they were written, and the running one.
    minutes: BTreeMap<i64, Minute>,
    newest: Option<Timestamp>,
    row: Option<i64>,
}

#[derive(Debug)]
struct Minute {
    value: Aggregate,
    changed: bool,
}

impl Series {
    pub(super) fn new(value_type: ValueType) -> Self {
        Self {
            value_type,
            raw: VecDeque::new(),
            complete_from: Timestamp(i64::MIN),
            minutes: BTreeMap::new(),
            newest: None,
            row: None,
        }
    }

    /// A series of an earlier run, whose last stored minute may not have ended yet.
    pub(super) fn stored(value_type: ValueType, row: i64, last: (i64, Aggregate)) -> Self {
        let (minute, value) = last;
        let mut series = Self::new(value_type);
        series.row = Some(row);
        series.newest = Some(Timestamp(minute * MINUTE));
        series.complete_from = Timestamp(i64::MAX);
        series.minutes.insert(
            minute,
            Minute {
                value,
                changed: false,
            },
        );
        series
    }

    pub(super) fn value_type(&self) -> ValueType {
        self.value_type
    }

    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    pub(super) fn complete_from(&self) -> Timestamp {
        self.complete_from
    }

    pub(super) fn row(&self) -> Option<i64> {
        self.row
    }

    pub(super) fn set_row(&mut self, row: i64) {
        self.row = Some(row);
    }

    pub(super) fn record(&mut self, at: Timestamp, value: Value) -> bool {
        if value.value_type() != self.value_type || self.newest.is_some_and(|newest| newest >= at) {
            return false;
        }
        let value = Aggregate::from(value);
        if self.complete_from == Timestamp(i64::MAX) {
            // The running minute began before the restart: only the next one is complete in memory.
            self.complete_from = next_minute(at);
        }
        self.roll_up(minute_of(at), &value);
        let start = self.newest.unwrap_or(Timestamp(at.0 - 1000));
        self.raw.push_back(Point {
            start,
            end: at,
            value,
        });
        self.newest = Some(at);
        self.forget(at);
        true
    }

    pub(super) fn points(&self, from: Timestamp, to: Timestamp) -> Vec<Point> {
        let from = from.max(self.complete_from);
        let first = self.raw.partition_point(|point| point.end <= from);
        self.raw
            .range(first..)
            .take_while(|point| point.end <= to)
            .cloned()
            .collect()
    }

    /// The minutes to write. Those that have ended are handed over and live in the file from now on.
    pub(super) fn take_changed(&mut self) -> Vec<(i64, Aggregate)> {
        let running = self.newest.map(minute_of);
        let mut changed = Vec::new();
        self.minutes.retain(|minute, rollup| {
            if std::mem::take(&mut rollup.changed) {
                changed.push((*minute, rollup.value.clone()));
            }
            Some(*minute) == running
        });
        changed
    }

    fn roll_up(&mut self, minute: i64, value: &Aggregate) {
        if let Some(rollup) = self.minutes.get_mut(&minute) {
            rollup.value.merge(value);
            rollup.changed = true;
            return;
        }
        let value = value.clone();
        let started = Minute {
            value,
            changed: true,
        };
        self.minutes.insert(minute, started);
    }

    fn forget(&mut self, now: Timestamp) {
        let old = |point: &Point| point.end.0 < now.0 - RAW_FOR;
        let mut dropped = None;
        while self.raw.len() > RAW_AT_MOST || self.raw.front().is_some_and(old) {
            dropped = self.raw.pop_front();
        }
        if let Some(dropped) = dropped {
            self.complete_from = self.complete_from.max(next_minute(dropped.end));
        }
    }
}

/// The minute `m` is the time `((m - 1) min, m min]`: named by its end, as points are.
fn minute_of(at: Timestamp) -> i64 {
    (at.0 + MINUTE - 1).div_euclid(MINUTE)
}

fn next_minute(at: Timestamp) -> Timestamp {
    Timestamp(minute_of(at) * MINUTE)
}
