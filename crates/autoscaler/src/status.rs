use serde::{Deserialize, Serialize};

use crate::{Absence, Binding, Mode, Policy, Service, Signal, SignalStep, Step, words};

/// An entry of an autoscaler's `statusDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDetail {
    /// Google's type.
    #[serde(rename = "type")]
    pub kind: StatusKind,
    /// An English sentence.
    pub message: String,
}

/// Google's types. Those about targets, quotas and stocks come from whoever runs the group, the
/// rest from this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatusKind {
    /// No instance serves.
    AllInstancesUnhealthy,
    /// There is a load-balancing signal and no backend service.
    BackendServiceDoesNotExist,
    /// The load asks for more than the maximum.
    CappedAtMaxNumReplicas,
    /// A metric's points come too rarely.
    CustomMetricDataPointsTooSparse,
    /// A metric, or its labels, do not exist.
    CustomMetricInvalid,
    /// There is nothing to decide.
    MinEqualsMax,
    /// A metric has no points.
    MissingCustomMetricDataPoints,
    /// The balancer sends the group no requests.
    MissingLoadBalancingDataPoints,
    /// The group does not follow.
    ModeOff,
    /// The group only grows.
    ModeOnlyScaleOut,
    /// Several backend services send the group requests.
    MoreThanOneBackendService,
    /// The project may not have so many instances.
    NotEnoughQuotaAvailable,
    /// The region has no more machines.
    RegionResourceStockout,
    /// The group does not exist.
    ScalingTargetDoesNotExist,
    /// A schedule asks for more than the maximum.
    ScheduledInstancesGreaterThanAutoscalerMax,
    /// A schedule asks for less than the minimum.
    ScheduledInstancesLessThanAutoscalerMin,
    /// The backend's capacity is given for the group, and not for an instance.
    UnsupportedMaxRateLoadBalancingConfiguration,
    /// The zone has no more machines.
    ZoneResourceStockout,
    /// What Google has no type for.
    Unknown,
}

impl StatusKind {
    /// Google's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllInstancesUnhealthy => "ALL_INSTANCES_UNHEALTHY",
            Self::BackendServiceDoesNotExist => "BACKEND_SERVICE_DOES_NOT_EXIST",
            Self::CappedAtMaxNumReplicas => "CAPPED_AT_MAX_NUM_REPLICAS",
            Self::CustomMetricDataPointsTooSparse => "CUSTOM_METRIC_DATA_POINTS_TOO_SPARSE",
            Self::CustomMetricInvalid => "CUSTOM_METRIC_INVALID",
            Self::MinEqualsMax => "MIN_EQUALS_MAX",
            Self::MissingCustomMetricDataPoints => "MISSING_CUSTOM_METRIC_DATA_POINTS",
            Self::MissingLoadBalancingDataPoints => "MISSING_LOAD_BALANCING_DATA_POINTS",
            Self::ModeOff => "MODE_OFF",
            Self::ModeOnlyScaleOut => "MODE_ONLY_SCALE_OUT",
            Self::MoreThanOneBackendService => "MORE_THAN_ONE_BACKEND_SERVICE",
            Self::NotEnoughQuotaAvailable => "NOT_ENOUGH_QUOTA_AVAILABLE",
            Self::RegionResourceStockout => "REGION_RESOURCE_STOCKOUT",
            Self::ScalingTargetDoesNotExist => "SCALING_TARGET_DOES_NOT_EXIST",
            Self::ScheduledInstancesGreaterThanAutoscalerMax => {
                "SCHEDULED_INSTANCES_GREATER_THAN_AUTOSCALER_MAX"
            }
            Self::ScheduledInstancesLessThanAutoscalerMin => {
                "SCHEDULED_INSTANCES_LESS_THAN_AUTOSCALER_MIN"
            }
            Self::UnsupportedMaxRateLoadBalancingConfiguration => {
                "UNSUPPORTED_MAX_RATE_LOAD_BALANCING_CONFIGURATION"
            }
            Self::ZoneResourceStockout => "ZONE_RESOURCE_STOCKOUT",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether Google calls it an error, which its owner has to mend, and not a warning.
    pub fn is_error(self) -> bool {
        matches!(
            self,
            Self::BackendServiceDoesNotExist
                | Self::CustomMetricInvalid
                | Self::MoreThanOneBackendService
                | Self::NotEnoughQuotaAvailable
                | Self::RegionResourceStockout
                | Self::ScalingTargetDoesNotExist
                | Self::UnsupportedMaxRateLoadBalancingConfiguration
                | Self::ZoneResourceStockout
        )
    }
}

/// All that is worth a warning after a step, in a fixed order.
pub(crate) fn details(policy: &Policy, step: &Step) -> Vec<StatusDetail> {
    let mut details = Vec::new();
    let mut add = |kind, message: String| details.push(StatusDetail { kind, message });
    if step.service == Service::Down {
        add(
            StatusKind::AllInstancesUnhealthy,
            "No instance of the group is running and initialized; the size is kept.".to_owned(),
        );
    }
    for signal in step.signals.iter() {
        if let Some((kind, message)) = signal_trouble(policy, step, signal) {
            add(kind, message);
        }
    }
    if step.source.is_some() && step.demand > policy.max {
        add(
            StatusKind::CappedAtMaxNumReplicas,
            format!(
                "The load asks for {} instances, and the maximum is {}.",
                step.demand, policy.max
            ),
        );
    }
    if policy.min == policy.max {
        add(
            StatusKind::MinEqualsMax,
            format!(
                "Minimum and maximum are both {}, so the size never changes.",
                policy.max
            ),
        );
    }
    match policy.mode {
        Mode::On => {}
        Mode::Off => add(
            StatusKind::ModeOff,
            "The mode is OFF: sizes are recommended, and the group does not follow.".to_owned(),
        ),
        Mode::OnlyScaleOut => add(
            StatusKind::ModeOnlyScaleOut,
            "The mode is ONLY_SCALE_OUT: the group grows and never shrinks.".to_owned(),
        ),
    }
    details.extend(schedule_troubles(policy, step));
    details
}

/// What is wrong with the data of one signal.
fn signal_trouble(
    policy: &Policy,
    step: &Step,
    signal: &SignalStep,
) -> Option<(StatusKind, String)> {
    let is_silent_balancer = signal.signal == Signal::LoadBalancing && signal.value() == Some(0.0);
    if is_silent_balancer && step.service == Service::Up {
        let message = "The load balancer sends the group no requests.".to_owned();
        return Some((StatusKind::MissingLoadBalancingDataPoints, message));
    }
    let absence = signal.observed.absence()?;
    let is_expected =
        step.service == Service::Up || (absence == Absence::Invalid || absence.is_of_the_backend());
    let is_of_group = !policy.is_per_instance(signal.signal);
    if !is_expected && !is_of_group {
        return None;
    }
    let kept = if step.binding == Some(Binding::EmptyGroup) {
        ""
    } else {
        "; nothing is removed meanwhile"
    };
    let message = format!("{}{kept}.", words::absence(policy, signal.signal, absence));
    Some((trouble_kind(signal.signal, absence), message))
}

fn trouble_kind(signal: Signal, absence: Absence) -> StatusKind {
    match (signal, absence) {
        (_, Absence::NoBackendService) => StatusKind::BackendServiceDoesNotExist,
        (_, Absence::ManyBackendServices) => StatusKind::MoreThanOneBackendService,
        (_, Absence::GroupMaxRate) => StatusKind::UnsupportedMaxRateLoadBalancingConfiguration,
        (Signal::Cpu | Signal::PredictedCpu | Signal::Schedule(_), _) => StatusKind::Unknown,
        (Signal::LoadBalancing, _) => StatusKind::MissingLoadBalancingDataPoints,
        (_, Absence::NoData) => StatusKind::MissingCustomMetricDataPoints,
        (_, Absence::TooSparse) => StatusKind::CustomMetricDataPointsTooSparse,
        (_, Absence::Invalid) => StatusKind::CustomMetricInvalid,
    }
}

impl Absence {
    fn is_of_the_backend(self) -> bool {
        matches!(
            self,
            Self::NoBackendService | Self::ManyBackendServices | Self::GroupMaxRate
        )
    }
}

/// What is odd about the schedules.
fn schedule_troubles(policy: &Policy, step: &Step) -> Vec<StatusDetail> {
    let mut details = Vec::new();
    let mut add = |kind, message: String| details.push(StatusDetail { kind, message });
    let lost = step
        .lost_schedule
        .and_then(|index| policy.schedules.iter().nth(index));
    if let Some((name, schedule)) = lost {
        add(
            StatusKind::Unknown,
            format!(
                "The schedule {name} is in the time zone {}, which is not known here; it asks for \
                 nothing.",
                schedule.time_zone
            ),
        );
    }
    let enabled = policy
        .schedules
        .iter()
        .filter(|(_, schedule)| !schedule.disabled);
    for (name, schedule) in enabled {
        let wanted = schedule.min_required;
        if wanted > policy.max {
            add(
                StatusKind::ScheduledInstancesGreaterThanAutoscalerMax,
                format!(
                    "The schedule {name} asks for {wanted} instances, and the maximum is {}.",
                    policy.max
                ),
            );
        }
        if wanted < policy.min {
            add(
                StatusKind::ScheduledInstancesLessThanAutoscalerMin,
                format!(
                    "The schedule {name} asks for {wanted} instances, and the minimum is {} anyway.",
                    policy.min
                ),
            );
        }
    }
    details
}
