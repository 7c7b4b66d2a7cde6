//! The cloud's metrics: what instances, groups, autoscalers and balancers report about themselves.
//!
//! The last hour is kept point by point in memory; everything is also rolled up into minutes, which
//! go to the state file and answer for older times. A chart of seven days therefore reads ten
//! thousand minutes a series, however fast the points came, and memory and disk stay bounded.

mod aggregate;
mod rollup;
mod series;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use autoscaler::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::aggregate::{Aggregate, Distribution, Numbers};
use self::series::Series;
use crate::store::{Store, StoreError};

/// How often roll-ups go to the state file, in real time: what a `kill -9` may take of the charts.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// How long minutes are kept: the seven days of the longest chart, and the eighth they reach into.
const KEEP_MINUTES: i64 = 8 * 24 * 60;

/// What a point means. Serialises as Google's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MetricKind {
    /// A value at an instant.
    Gauge,
    /// A change since the point before.
    Delta,
    /// A count since some start.
    Cumulative,
}

/// The type of a series' values. Serialises as Google's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValueType {
    Bool,
    Int64,
    Double,
    Distribution,
}

/// One measured value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int64(i64),
    Double(f64),
    Distribution(Distribution),
}

impl Value {
    /// The type of the value.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Int64(_) => ValueType::Int64,
            Self::Double(_) => ValueType::Double,
            Self::Distribution(_) => ValueType::Distribution,
        }
    }
}

/// What identifies a series. Two keys that differ in any part are two series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// For example `compute.googleapis.com/instance/cpu/utilization`.
    pub metric_type: String,
    pub metric_labels: BTreeMap<String, String>,
    /// For example `gce_instance`.
    pub resource_type: String,
    pub resource_labels: BTreeMap<String, String>,
    /// `metadata.system_labels`: an instance's series carry `instance_group` here.
    pub system_labels: BTreeMap<String, String>,
    pub kind: MetricKind,
}

/// A series as a query gives it, points oldest first.
#[derive(Clone, Debug)]
pub struct Selected {
    pub key: Arc<SeriesKey>,
    pub value_type: ValueType,
    pub points: Vec<Point>,
}

/// What is known of the time `(start, end]`: one raw value, or the roll-up of a minute.
#[derive(Clone, Debug)]
pub struct Point {
    pub start: Timestamp,
    pub end: Timestamp,
    pub value: Aggregate,
}

/// All series of one local cloud. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    series: Mutex<HashMap<Arc<SeriesKey>, Series>>,
}

impl Metrics {
    /// Continues the series of a store.
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        let series = Mutex::new(store.read(rollup::load).await?);
        Ok(Self(Arc::new(Inner { store, series })))
    }

    /// Adds a point. It belongs after all earlier points of its series; one that does not, or that
    /// has another type than the series, is dropped and `false` is the answer.
    pub fn record(&self, at: Timestamp, key: &SeriesKey, value: Value) -> bool {
        let mut all = self.all();
        if let Some(series) = all.get_mut(key) {
            return series.record(at, value);
        }
        let mut series = Series::new(value.value_type());
        let recorded = series.record(at, value);
        all.insert(Arc::new(key.clone()), series);
        recorded
    }

    /// The keys of all series, and the types of their values.
    pub fn keys(&self) -> Vec<(Arc<SeriesKey>, ValueType)> {
        let all = self.all();
        let keys = all.iter();
        keys.map(|(key, series)| (Arc::clone(key), series.value_type()))
            .collect()
    }

    /// The instant of a series' newest point.
    pub fn newest(&self, key: &SeriesKey) -> Option<Timestamp> {
        self.all().get(key)?.newest()
    }

    /// The points in `(from, to]` of all series that match, by key.
    pub async fn select(
        &self,
        matches: impl Fn(&SeriesKey) -> bool,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Selected>, StoreError> {
        let mut selected = Vec::new();
        let mut older = Vec::new();
        for (key, series) in self.all().iter().filter(|(key, _)| matches(key)) {
            older.push((series.row(), from, to.min(series.complete_from())));
            let (key, points) = (Arc::clone(key), series.points(from, to));
            selected.push(Selected {
                key,
                value_type: series.value_type(),
                points,
            });
        }
        let minutes = self
            .0
            .store
            .read(move |connection| rollup::read(connection, &older))
            .await?;
        for (series, mut points) in selected.iter_mut().zip(minutes) {
            points.append(&mut series.points);
            series.points = points;
        }
        selected.retain(|series| !series.points.is_empty());
        selected.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(selected)
    }

    /// [`Metrics::select`] of what is in memory alone, which is the last hour at most; series that
    /// match and have no point there are given too.
    pub fn recent(
        &self,
        matches: impl Fn(&SeriesKey) -> bool,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<Selected> {
        let all = self.all();
        let found = all.iter().filter(|(key, _)| matches(key));
        let mut selected: Vec<Selected> = found
            .map(|(key, series)| Selected {
                key: Arc::clone(key),
                value_type: series.value_type(),
                points: series.points(from, to),
            })
            .collect();
        // Sums have a fixed order.
        selected.sort_by(|a, b| a.key.cmp(&b.key));
        selected
    }

    /// Writes roll-ups regularly; runs until it is dropped.
    pub async fn keep_saved(self) {
        let mut ticks = tokio::time::interval(FLUSH_EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = self.flush().await {
                tracing::error!(%error, "metric roll-ups could not be saved");
            }
        }
    }

    /// Writes the minutes that changed, and forgets what is too old.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let mut batch = Vec::new();
        for (key, series) in self.all().iter_mut() {
            let minutes = series.take_changed();
            if !minutes.is_empty() {
                batch.push(rollup::Changed {
                    key: Arc::clone(key),
                    row: series.row(),
                    value_type: series.value_type(),
                    minutes,
                });
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        let newest = batch
            .iter()
            .filter_map(|changed| changed.minutes.last())
            .map(|m| m.0)
            .max();
        let oldest = newest.unwrap_or(0) - KEEP_MINUTES;
        let rows = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&rows);
        let write = self.0.store.write_sql(move |connection| {
            let rows = rollup::write(connection, &batch, oldest)?;
            *written.lock().unwrap_or_else(PoisonError::into_inner) = rows;
            Ok(())
        });
        write.await?;
        let rows = std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner));
        self.settle(rows, oldest);
        Ok(())
    }

    /// Notes where series are stored, and drops those of which no minute is left.
    fn settle(&self, rows: Vec<(Arc<SeriesKey>, i64)>, oldest: i64) {
        let mut all = self.all();
        for (key, row) in rows {
            if let Some(series) = all.get_mut(&key) {
                series.set_row(row);
            }
        }
        let oldest = Timestamp(oldest * rollup::MINUTE);
        all.retain(|_, series| series.newest().is_none_or(|newest| newest > oldest));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Arc<SeriesKey>, Series>> {
        self.0.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
