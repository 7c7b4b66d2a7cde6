use serde::{Deserialize, Serialize};

use super::Hold;
use crate::Timestamp;

/// A decision as numbers alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When it was taken.
    pub at: Timestamp,
    /// The size recommended before.
    pub previous: u32,
    /// The size recommended now.
    pub recommended: u32,
    /// The group's target size at that time.
    pub target_size: u32,
    /// What the load alone asks for, before the growth rule, stabilization and bounds.
    pub wish: u32,
    /// The wish after the growth rule of an overloaded group.
    pub demand: u32,
    /// What was measured; `None` without data.
    pub reading: Option<Reading>,
    /// The size to give the group, when its mode lets it follow and it has another.
    pub resize_to: Option<u32>,
    /// The rule that had the last say; `None` when the load had.
    pub binding: Option<Binding>,
    /// Why the group stays as it is, when it could be another size.
    pub hold: Option<Hold>,
    /// What is wrong with the data, if something is.
    pub gap: Option<Gap>,
}

/// A usable sample with the target that it is held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The initialized instances that the mean is over.
    pub serving: u32,
    /// Those and the ones still initializing.
    pub size: u32,
    /// The mean CPU utilization, a fraction; above 1 where a machine type may burst.
    pub cpu: f64,
    /// The policy's target utilization.
    pub target: f64,
}

/// A rule that can have the last say about a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Binding {
    /// The policy's maximum.
    MaxInstances,
    /// The policy's minimum.
    MinInstances,
    /// An overloaded group grows by half at most.
    OverloadGrowth,
    /// The peak of the stabilization period.
    Stabilization,
    /// The scale-in control.
    ScaleInControl,
    /// Instances that are still initializing.
    Initialization,
    /// Instances have just left, and the reading does not show their load on the others yet.
    Settling,
    /// There is no reading.
    MissingData,
    /// The policy has signals that this engine does not evaluate.
    SignalNotEvaluated,
    /// There is no instance to measure, and the minimum wants none.
    EmptyGroup,
}

/// Data that should be there and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The group has instances, and for longer than a start takes none of them has served.
    NothingServes,
    /// Instances serve, and their CPU is not known.
    NoReading,
}
