use serde::{Deserialize, Serialize};

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
    /// Nothing has served for longer than a start takes.
    pub unserved: bool,
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
    /// There is no reading.
    MissingData,
    /// The policy has signals that this engine does not evaluate.
    SignalNotEvaluated,
    /// There is no instance to measure, and the minimum wants none.
    EmptyGroup,
}

impl Binding {
    pub(super) fn hold_cause(self) -> Option<HoldCause> {
        match self {
            Self::MaxInstances | Self::MinInstances | Self::OverloadGrowth => None,
            Self::Stabilization => Some(HoldCause::Stabilization),
            Self::ScaleInControl => Some(HoldCause::ScaleInControl),
            Self::Initialization => Some(HoldCause::Initialization),
            Self::MissingData => Some(HoldCause::MissingData),
            Self::SignalNotEvaluated => Some(HoldCause::SignalNotEvaluated),
            Self::EmptyGroup => Some(HoldCause::EmptyGroup),
        }
    }
}

/// The group stays as it is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub cause: HoldCause,
    /// The size that is kept.
    pub size: u32,
    /// The size that it would be otherwise.
    pub wanted: u32,
    /// The next instant at which the group may shrink, as far as that is known.
    pub until: Option<Timestamp>,
    /// When the size was last needed.
    pub needed_at: Option<Timestamp>,
}

/// Why a group stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HoldCause {
    /// The load was higher within the stabilization period.
    Stabilization,
    /// The scale-in control lets no more instances go.
    ScaleInControl,
    /// Instances are still initializing.
    Initialization,
    /// There is no reading.
    MissingData,
    /// The policy has signals that are not evaluated.
    SignalNotEvaluated,
    /// There is no instance to measure.
    EmptyGroup,
    /// The mode is OFF.
    ModeOff,
    /// The mode is `ONLY_SCALE_OUT`.
    ModeOnlyScaleOut,
}
