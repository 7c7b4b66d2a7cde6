#![doc = include_str!("../README.md")]

mod decision;
mod demand;
mod engine;
mod peaks;
mod policy;
mod reason;
mod sentence;
mod smoother;
mod status;
mod timestamp;
mod violation;
mod words;

pub use decision::Decision;
pub use demand::{ROUNDING_SLACK, SATURATION, overload_limit, size_for};
pub use engine::{Binding, Engine, Gap, Hold, HoldCause, Reading, Sample, Step};
pub use policy::{
    CpuUtilization, FixedOrPercent, InvalidPolicy, LoadBalancingUtilization, MetricGoal,
    MetricUtilization, Mode, Policy, PredictiveMethod, ScaleInControl, ScalingSchedule, TargetType,
    limits, validate,
};
pub use reason::{
    AutoscalingReason, CPU_UTILIZATION, CalculationDetails, ScalingLimit, ScalingSignal,
};
pub use sentence::{HoldLine, StatusLine, status_sentence};
pub use smoother::{FRESH_FOR, MIN_SAMPLES, SMOOTHING, Smoother, mean};
pub use status::{StatusDetail, StatusKind};
pub use timestamp::{Timestamp, UtcClock};
pub use violation::Violation;
