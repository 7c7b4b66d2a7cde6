use serde::{Deserialize, Serialize};

use crate::{Gap, Mode, Policy, Step};

/// An entry of an autoscaler's `statusDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDetail {
    /// Google's type.
    #[serde(rename = "type")]
    pub kind: StatusKind,
    /// An English sentence.
    pub message: String,
}

/// Those of Google's types that this engine reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatusKind {
    /// No instance serves.
    AllInstancesUnhealthy,
    /// The load asks for more than the maximum.
    CappedAtMaxNumReplicas,
    /// There is nothing to decide.
    MinEqualsMax,
    /// The group does not follow.
    ModeOff,
    /// The group only grows.
    ModeOnlyScaleOut,
    /// What Google has no type for.
    Unknown,
}

impl StatusKind {
    /// Google's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllInstancesUnhealthy => "ALL_INSTANCES_UNHEALTHY",
            Self::CappedAtMaxNumReplicas => "CAPPED_AT_MAX_NUM_REPLICAS",
            Self::MinEqualsMax => "MIN_EQUALS_MAX",
            Self::ModeOff => "MODE_OFF",
            Self::ModeOnlyScaleOut => "MODE_ONLY_SCALE_OUT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// All that is worth a warning after a step, in a fixed order.
pub(crate) fn details(policy: &Policy, step: &Step) -> Vec<StatusDetail> {
    let mut details = Vec::new();
    let mut add = |kind, message: String| details.push(StatusDetail { kind, message });
    match step.gap {
        Some(Gap::NothingServes) => add(
            StatusKind::AllInstancesUnhealthy,
            "No instance of the group is running and initialized; the size is kept.".to_owned(),
        ),
        Some(Gap::NoReading) => add(
            StatusKind::Unknown,
            "There is no CPU data of the group's instances; the size is kept.".to_owned(),
        ),
        None => {}
    }
    if step.reading.is_some() && step.demand > policy.max {
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
    for sentence in policy.not_evaluated() {
        add(StatusKind::Unknown, sentence.to_owned());
    }
    details
}

impl Policy {
    /// Whether every signal that measures load is one that the engine evaluates.
    pub fn is_fully_evaluated(&self) -> bool {
        self.load_balancing.is_none() && self.metrics.is_empty()
    }

    /// A sentence for each part of the policy that the engine does not evaluate.
    fn not_evaluated(&self) -> impl Iterator<Item = &'static str> {
        let scheduled = self.schedules.values().any(|schedule| !schedule.disabled);
        let predicts = self
            .cpu
            .is_some_and(|cpu| cpu.predictive == crate::PredictiveMethod::OptimizeAvailability);
        [
            (
                self.load_balancing.is_some(),
                "The load-balancing signal is not evaluated locally yet; \
                 the group does not shrink while the policy has it.",
            ),
            (
                !self.metrics.is_empty(),
                "Monitoring metrics are not evaluated locally yet; \
                 the group does not shrink while the policy has them.",
            ),
            (
                scheduled,
                "Scaling schedules are not evaluated locally yet.",
            ),
            (
                predicts,
                "Predictive autoscaling is not evaluated locally yet.",
            ),
        ]
        .into_iter()
        .filter_map(|(applies, sentence)| applies.then_some(sentence))
    }
}
