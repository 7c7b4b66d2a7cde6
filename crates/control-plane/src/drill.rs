use autoscaler::Timestamp;
use gce::compute::Instance;
use serde::{Deserialize, Serialize};

/// The metadata key that an instance waits for.
pub const DRILL_KEY: &str = "flaskscale-drill";

/// A deliberate disturbance of one instance: the JSON value of its metadata key [`DRILL_KEY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// Tells this drill from the one before.
    pub id: String,
    /// What is disturbed; `cpu` burns processor time.
    pub kind: String,
    /// How much: a multiple of the instance's share of processor time.
    pub load: f64,
    /// When it ends by itself, on the cloud's clock.
    pub until: Timestamp,
    /// Who started it.
    pub by: String,
}

/// What to start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrillRequest {
    /// A multiple of the instance's share, more than 0 and at most [`DrillRequest::MAX_LOAD`].
    pub load: f64,
    /// Seconds on the cloud's clock, 1 to [`DrillRequest::MAX_SECONDS`].
    pub seconds: u32,
}

impl DrillRequest {
    /// The longest drill: what is forgotten ends within a quarter of an hour.
    pub const MAX_SECONDS: u32 = 900;
    /// The most load, 2 cores on a machine with the smallest share (0.25).
    pub const MAX_LOAD: f64 = 8.0;
    /// Takes a group of two well over a target of 50 %, also on a shared-core machine.
    pub const DEFAULT_LOAD: f64 = 2.2;
}

/// The drill that runs on an instance now. One that has ended leaves its key behind, since ending
/// needs nobody to remove it.
pub(crate) fn drill_of(instance: &Instance, now: Timestamp) -> Option<Drill> {
    let value = instance.metadata.as_ref()?.get(DRILL_KEY)?;
    let drill: Drill = serde_json::from_str(value).ok()?;
    (drill.until > now).then_some(drill)
}
