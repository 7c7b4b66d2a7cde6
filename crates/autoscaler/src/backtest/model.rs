use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::prices;
use crate::limits;

/// What is assumed about instances that never existed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Model {
    /// From the order to start an instance until its program runs, in seconds.
    pub boot_s: u32,
    /// From then until it carries its share of the load, in seconds. An instance that does not carry
    /// load yet is paid for and adds no capacity.
    pub initialization_s: u32,
    /// The CPU that one instance can be relied on for, in instances: 1 is all that it has reserved.
    /// Demand beyond it is overload.
    pub capacity: f64,
    /// The most that one instance can use for a while, in instances; readings end there. At least
    /// `capacity`.
    pub burst: f64,
    /// The requests each second that the load balancer counts as one full instance: the backend's
    /// `maxRatePerInstance`. `None` where the balancing mode is UTILIZATION.
    pub max_rate_per_instance: Option<f64>,
    /// US dollars for an hour of one instance.
    pub price_per_hour: f64,
}

/// What a machine at Google takes from its order until its program runs, where nothing was measured.
pub const DEFAULT_BOOT_S: u32 = 45;

impl Default for Model {
    fn default() -> Self {
        Self {
            boot_s: DEFAULT_BOOT_S,
            initialization_s: limits::DEFAULT_INITIALIZATION_S as u32,
            capacity: 1.0,
            burst: 1.0,
            max_rate_per_instance: None,
            price_per_hour: 0.0,
        }
    }
}

impl Model {
    /// The defaults with the price and the burst of a machine type; free where the price is not known.
    pub fn of_machine_type(machine_type: &str) -> Self {
        Self {
            burst: prices::burst(machine_type),
            price_per_hour: prices::price_per_hour(machine_type).unwrap_or(0.0),
            ..Self::default()
        }
    }

    pub(super) fn boot(&self) -> Duration {
        Duration::from_secs(u64::from(self.boot_s))
    }

    /// From the order until an instance carries load.
    pub(super) fn until_work(&self) -> Duration {
        self.boot() + Duration::from_secs(u64::from(self.initialization_s))
    }
}
