use autoscaler::backtest::{Model, Trace};
use serde::{Deserialize, Serialize};

/// A group's recorded load as the server sends it, with what has to be known to try a policy on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The load, step by step.
    pub trace: Trace,
    /// What is assumed about instances.
    pub model: Model,
    /// The machine type of new instances; empty where it cannot be read.
    pub machine_type: String,
    /// Whether the boot time was measured on the group's own instances.
    pub boot_measured: bool,
    /// What could not be read, and is assumed instead.
    pub missing: Vec<String>,
}

#[cfg(feature = "ssr")]
impl From<control_plane::Recording> for Load {
    fn from(recording: control_plane::Recording) -> Self {
        Self {
            trace: recording.trace,
            model: recording.model,
            machine_type: recording.machine_type,
            boot_measured: recording.boot_measured,
            missing: recording.missing,
        }
    }
}
