#![doc = include_str!("../README.md")]

pub mod backtest;
mod calendar;
mod decision;
mod demand;
mod engine;
mod forecast;
mod hold_span;
mod peaks;
mod policy;
mod reason;
mod sentence;
mod smoother;
mod status;
mod timestamp;
mod violation;
mod words;
mod zone;

pub use decision::Decision;
pub use demand::{ROUNDING_SLACK, SATURATION, overload_limit, size_for, size_for_assignment};
pub use engine::{
    Absence, Binding, Engine, Hold, HoldCause, Observed, Sample, ScheduleState, ScheduleStatus,
    Service, Signal, SignalStep, Signals, Step,
};
pub use hold_span::{HoldMerger, HoldSpan};
pub use policy::{
    CpuUtilization, Cron, CronError, FilterError, FixedOrPercent, InvalidPolicy,
    LoadBalancingUtilization, MetricFilter, MetricGoal, MetricUtilization, Mode, Policy,
    PredictiveMethod, ScaleInControl, ScalingSchedule, Selector, SelectorField, TargetType, limits,
    metric_target, set_metric_target, validate,
};
pub use reason::{
    AutoscalingReason, CPU_UTILIZATION, CUSTOM_METRIC_UTILIZATION, CalculationDetails,
    LOAD_BALANCING_UTILIZATION, PREDICTED_CPU_UTILIZATION, SCALING_SCHEDULE, ScalingLimit,
    ScalingSignal,
};
pub use sentence::{HoldLine, StatusLine, status_sentence};
pub use smoother::{FRESH_FOR, MIN_SAMPLES, SMOOTHING, Smoother, mean};
pub use status::{StatusDetail, StatusKind};
pub use timestamp::{Timestamp, UtcClock};
pub use violation::Violation;
pub use words::{Outlook, outlook};
pub use zone::{OffsetChange, ZoneTable, Zones};
