//! What a group served, for trying policies on it.

mod backend;
mod boot;
mod hold;
mod machine_type;
mod measured;
mod record;
mod span;

use std::time::Duration;

use autoscaler::backtest::{Model, Trace};
use autoscaler::{MetricUtilization, Policy};
use serde::{Deserialize, Serialize};

pub(crate) use hold::hold;
pub(crate) use record::{Asked, recording};

/// A group's recorded load, and what has to be known to try a policy on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The load, minute by minute; empty where nothing was recorded.
    pub trace: Trace,
    /// What is assumed about instances.
    pub model: Model,
    /// The machine type of new instances; empty where it cannot be read.
    pub machine_type: String,
    /// Whether the model's boot time was measured on the group's own instances.
    pub boot_measured: bool,
    /// What could not be read, and is assumed instead.
    pub missing: Vec<String>,
}

/// How far back a recording may reach: Google keeps system metrics for six weeks.
pub const MAX_RECORDING_DAYS: u32 = 42;

pub(crate) fn days(count: u32) -> Duration {
    Duration::from_hours(24 * u64::from(count.clamp(1, MAX_RECORDING_DAYS)))
}

/// The metrics of all these policies, each once.
pub(crate) fn metrics(present: &Policy, candidates: &[Policy]) -> Vec<MetricUtilization> {
    let mut metrics: Vec<MetricUtilization> = Vec::new();
    let all = candidates.iter().flat_map(|policy| &policy.metrics);
    for metric in present.metrics.iter().chain(all) {
        let name = Trace::metric_name(metric);
        if metrics
            .iter()
            .all(|known| Trace::metric_name(known) != name)
        {
            metrics.push(metric.clone());
        }
    }
    metrics
}
