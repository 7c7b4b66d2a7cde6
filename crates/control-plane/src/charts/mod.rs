//! A group's numbers over time.

mod bounds;
mod draw;
mod gather;
mod grid;
mod window;

use autoscaler::Timestamp;
use serde::Serialize;

use crate::{HistoryEntry, Problem};

pub(crate) use draw::charts;
pub(crate) use gather::members;
pub use window::{UnknownWindow, Window};

/// No series has more points: more than a chart has pixels to show them.
pub const MAX_POINTS: usize = 300;

/// A series, oldest point first.
pub type Series = Vec<(Timestamp, f64)>;

/// What a group did in a window of time. Measured points lie on a grid of `step_ms`, except that the
/// newest, whose step has not ended yet, stands at `to`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Charts {
    /// The window's start, on the cloud's clock.
    pub from: Timestamp,
    /// The window's end.
    pub to: Timestamp,
    /// The distance of two points.
    pub step_ms: i64,
    /// How many instances there were.
    pub size: Series,
    /// How many the autoscaler recommended.
    pub recommended: Series,
    /// The policy's lower bound.
    pub min: Series,
    /// The policy's upper bound.
    pub max: Series,
    /// The group's mean utilization.
    pub cpu: Series,
    /// The utilization it aims at, as steps: two points at one instant are a jump.
    pub cpu_target: Series,
    /// Requests per second.
    pub requests_per_second: Series,
    /// The 95th percentile of latency, in milliseconds.
    pub p95_ms: Series,
    /// What happened in the window, newest first.
    pub events: Vec<HistoryEntry>,
    /// What is missing.
    pub problems: Vec<Problem>,
}
