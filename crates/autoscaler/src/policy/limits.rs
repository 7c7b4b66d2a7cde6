//! The numbers of Google's documentation, each once. Forms and messages read them from here.

use std::ops::RangeInclusive;

/// The largest group there is: a regional one may have 2000 instances, a zonal one 1000.
pub const LARGEST_GROUP: i64 = 2000;

/// `maxNumReplicas`. Google states no lower end; a group that may hold nothing is a mistake.
pub const MAX_REPLICAS: RangeInclusive<i64> = 1..=LARGEST_GROUP;

/// `minNumReplicas`, before it is compared with the maximum.
pub const MIN_REPLICAS: RangeInclusive<i64> = 0..=LARGEST_GROUP;

/// `coolDownPeriodSec`. The schema has no upper end, so int32 is the only one.
pub const INITIALIZATION_S: RangeInclusive<i64> = 0..=i32::MAX as i64;

/// `stabilizationPeriodSec`.
pub const STABILIZATION_S: RangeInclusive<i64> = 0..=3600;

/// `scaleInControl.timeWindowSec`. Neither the schema nor the documentation bounds it.
pub const SCALE_IN_WINDOW_S: RangeInclusive<i64> = 0..=i32::MAX as i64;

/// `scaleInControl.maxScaledInReplicas.percent`.
pub const PERCENT: RangeInclusive<i64> = 0..=100;

/// `scalingSchedules.*.durationSec`.
pub const SCHEDULE_DURATION_S: RangeInclusive<i64> = 300..=i32::MAX as i64;

/// The most metric signals a policy may have.
pub const METRICS: usize = 5;

/// The most schedules a policy may have, obsolete ones included.
pub const SCHEDULES: usize = 128;

/// `coolDownPeriodSec` when the policy does not say.
pub const DEFAULT_INITIALIZATION_S: i64 = 60;

/// `stabilizationPeriodSec` when the policy does not say.
pub const DEFAULT_STABILIZATION_S: i64 = 600;

/// `cpuUtilization.utilizationTarget` when the policy does not say.
pub const DEFAULT_CPU_TARGET: f64 = 0.6;

/// `loadBalancingUtilization.utilizationTarget` when the policy does not say.
pub const DEFAULT_LOAD_BALANCING_TARGET: f64 = 0.8;

/// The minimum when the policy names none. Google says that its server picks one from the maximum
/// and not which; one instance is the least that can show a CPU reading.
pub const DEFAULT_MIN_REPLICAS: i64 = 1;
