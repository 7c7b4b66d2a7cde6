use serde::{Deserialize, Serialize};

use super::{Hold, Signal, SignalStep, Signals};
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
    /// The instances that the means are over.
    pub serving: u32,
    /// Each of the policy's signals, with the size that it alone asks for.
    pub signals: Signals,
    /// The signal or schedule that asks for most; `None` when nothing shows anything.
    pub source: Option<Signal>,
    /// What that asks for, before the growth rule, stabilization and bounds.
    pub wish: u32,
    /// The wish after the growth rule of an overloaded group.
    pub demand: u32,
    /// The size to give the group, when its mode lets it follow and it has another.
    pub resize_to: Option<u32>,
    /// The rule that had the last say; `None` when the load had.
    pub binding: Option<Binding>,
    /// Why the group stays as it is, when it could be another size.
    pub hold: Option<Hold>,
    /// Whether the group's instances do their work.
    pub service: Service,
    /// A schedule that cannot be evaluated, by its place in the policy's map: its time zone is not
    /// known.
    pub lost_schedule: Option<usize>,
}

impl Step {
    /// The part about one signal, if the policy has it.
    pub fn signal(&self, signal: Signal) -> Option<&SignalStep> {
        self.signals.iter().find(|step| step.signal == signal)
    }

    /// The mean CPU utilization, if it was measured.
    pub fn cpu(&self) -> Option<f64> {
        self.signal(Signal::Cpu)?.value()
    }
}

/// Whether a group's instances do their work, as far as data can be expected of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Instances serve.
    Up,
    /// None serves, and that is no wonder: there is none, or it has just been started.
    Starting,
    /// The group has instances, and for longer than a start takes none of them has served.
    Down,
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
    /// A signal shows nothing, and might ask for the present size.
    MissingData,
    /// There is no instance to measure, and the minimum wants none.
    EmptyGroup,
}
