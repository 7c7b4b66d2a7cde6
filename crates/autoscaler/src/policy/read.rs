//! From Google's JSON to a [`Policy`], or to everything that is wrong with it.

use serde_json::Value;
use thiserror::Error;

use super::group_parts::{scale_in_control, schedules};
use super::reader::Reader;
use super::rule::{choice, count, integer};
use super::signal_parts::{cpu_utilization, load_balancing_utilization, metric_utilizations};
use super::{CpuUtilization, Mode, Policy, PredictiveMethod, limits, seconds};
use crate::Violation;

/// Reads Google's `autoscalingPolicy` object.
///
/// All violations are reported at once, so that an owner mends a form in one go. Fields that we do
/// not know are passed over.
pub fn validate(policy: &Value) -> Result<Policy, Vec<Violation>> {
    let mut violations = Vec::new();
    let policy = Reader::new("autoscalingPolicy".to_owned(), policy, &mut violations)
        .map(|mut reader| read(&mut reader));
    policy.filter(|_| violations.is_empty()).ok_or(violations)
}

/// A policy that does not keep the rules; the source of [`Policy`]'s `Deserialize`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(|violation| violation.message.as_str()).collect::<Vec<_>>().join(" "))]
pub struct InvalidPolicy(pub Vec<Violation>);

impl TryFrom<Value> for Policy {
    type Error = InvalidPolicy;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        validate(&value).map_err(InvalidPolicy)
    }
}

const MODES: [(&str, Mode); 4] = [
    ("ON", Mode::On),
    ("OFF", Mode::Off),
    ("ONLY_SCALE_OUT", Mode::OnlyScaleOut),
    ("ONLY_UP", Mode::OnlyScaleOut),
];

/// What is wrong has been noted and got a stand-in, which nobody sees.
fn read(reader: &mut Reader<'_>) -> Policy {
    let (min, max) = bounds(reader);
    let mode = choice("ON, OFF, ONLY_SCALE_OUT or ONLY_UP", &MODES);
    let mut policy = Policy {
        min,
        max,
        mode: reader.optional("mode", &mode).unwrap_or_default(),
        cool_down: seconds(
            reader
                .optional("coolDownPeriodSec", &integer(limits::INITIALIZATION_S))
                .unwrap_or(limits::DEFAULT_INITIALIZATION_S),
        ),
        stabilization: seconds(
            reader
                .optional("stabilizationPeriodSec", &integer(limits::STABILIZATION_S))
                .unwrap_or(limits::DEFAULT_STABILIZATION_S),
        ),
        cpu: cpu_utilization(reader),
        load_balancing: load_balancing_utilization(reader),
        metrics: metric_utilizations(reader),
        schedules: schedules(reader),
        scale_in: scale_in_control(reader),
    };
    assume_cpu(&mut policy);
    policy
}

fn bounds(reader: &mut Reader<'_>) -> (u32, u32) {
    let max = reader.required("maxNumReplicas", &count(limits::MAX_REPLICAS));
    let min = reader.optional("minNumReplicas", &count(limits::MIN_REPLICAS));
    match (min, max) {
        (Some(min), Some(max)) if min > max => {
            let expectation =
                format!("a whole number from 0 to {max}, which is the maxNumReplicas beside it");
            reader.reject("minNumReplicas", &expectation);
            (min, max)
        }
        (min, max) => {
            let max = max.unwrap_or_default();
            (
                min.unwrap_or_else(|| max.min(limits::DEFAULT_MIN_REPLICAS as u32)),
                max,
            )
        }
    }
}

/// Google's rule: with none of the three kinds of signal, CPU at 0.6 is meant.
fn assume_cpu(policy: &mut Policy) {
    if policy.cpu.is_none() && policy.load_balancing.is_none() && policy.metrics.is_empty() {
        let target = limits::DEFAULT_CPU_TARGET;
        policy.cpu = Some(CpuUtilization {
            target,
            predictive: PredictiveMethod::None,
        });
    }
}
