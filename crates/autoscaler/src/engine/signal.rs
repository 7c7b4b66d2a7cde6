//! Each signal of a policy by itself: what it shows, and the size that it alone asks for.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{Absence, Observed, Sample};
use crate::demand::{SATURATION, multiplied, overload_limit, size_for, size_for_assignment};
use crate::policy::limits::METRICS;
use crate::{MetricGoal, MetricUtilization, Policy};

/// A part of a policy that asks for a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Signal {
    /// `cpuUtilization`.
    Cpu,
    /// `cpuUtilization` as it is forecast to be at the end of the initialization period; only with
    /// prediction, and with three days of history.
    PredictedCpu,
    /// `loadBalancingUtilization`.
    LoadBalancing,
    /// The entry of `customMetricUtilizations` with this index.
    Metric(usize),
    /// The entry of `scalingSchedules` with this index in the order of their names, while it is
    /// active. It measures nothing, and is no [`SignalStep`].
    Schedule(usize),
}

/// One signal at a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignalStep {
    /// Which.
    pub signal: Signal,
    /// What it showed.
    pub observed: Observed,
    /// What its value is held against.
    pub goal: MetricGoal,
    /// The size that it alone asks for; `None` without data.
    pub wish: Option<u32>,
    /// The wish after the growth rule of an overloaded group.
    pub demand: Option<u32>,
}

/// The signals of a step, in the policy's order: CPU, its forecast, load balancing, metrics.
///
/// A list of fixed room, so that a step allocates nothing; it derefs to a slice.
#[derive(Clone, Copy)]
pub struct Signals {
    all: [SignalStep; Self::MOST],
    count: usize,
}

impl Signals {
    const MOST: usize = 3 + METRICS;

    const NONE: Self = Self {
        all: [SignalStep {
            signal: Signal::Cpu,
            observed: Observed::Absent(Absence::NoData),
            goal: MetricGoal::Utilization(1.0),
            wish: None,
            demand: None,
        }; Self::MOST],
        count: 0,
    };

    /// What each of the policy's signals shows in a sample; nothing without one. `forecast` is a
    /// CPU demand in fully used instances.
    pub(super) fn of(policy: &Policy, sample: Option<&Sample>, forecast: Option<f64>) -> Self {
        let mut signals = Self::NONE;
        let absent = Observed::default();
        let serving = sample.map_or(0, |sample| sample.serving);
        if let Some(cpu) = policy.cpu {
            let observed = sample.map_or(absent, |sample| sample.cpu.into());
            let goal = MetricGoal::Utilization(cpu.target);
            signals.push(SignalStep::new(Signal::Cpu, observed, goal, true, serving));
            if let Some(demand) = forecast {
                signals.push(SignalStep::forecast(demand, cpu.target, serving));
            }
        }
        if let Some(load_balancing) = policy.load_balancing {
            let observed = sample.map_or(absent, |sample| sample.load_balancing);
            let goal = MetricGoal::Utilization(load_balancing.target);
            let signal = Signal::LoadBalancing;
            signals.push(SignalStep::new(signal, observed, goal, true, serving));
        }
        for (index, metric) in policy.metrics.iter().enumerate().take(METRICS) {
            let observed = sample.map_or(absent, |sample| sample.metrics[index]);
            let (signal, per_instance) = (Signal::Metric(index), metric.is_per_instance());
            signals.push(SignalStep::new(
                signal,
                observed,
                metric.goal,
                per_instance,
                serving,
            ));
        }
        signals
    }

    fn push(&mut self, step: SignalStep) {
        if let Some(place) = self.all.get_mut(self.count) {
            *place = step;
            self.count += 1;
        }
    }
}

impl Deref for Signals {
    type Target = [SignalStep];

    fn deref(&self) -> &[SignalStep] {
        &self.all[..self.count]
    }
}

impl PartialEq for Signals {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl SignalStep {
    fn new(
        signal: Signal,
        observed: Observed,
        goal: MetricGoal,
        per_instance: bool,
        serving: u32,
    ) -> Self {
        let counted = if per_instance {
            observed.reporting(serving)
        } else {
            serving
        };
        let wish = observed
            .value()
            .and_then(|value| wish(goal, per_instance, counted, value));
        let is_overloaded =
            signal == Signal::Cpu && observed.value().is_some_and(|cpu| cpu >= SATURATION);
        let demand = match wish {
            Some(wish) if is_overloaded => Some(wish.min(overload_limit(serving))),
            wish => wish,
        };
        Self {
            signal,
            observed,
            goal,
            wish,
            demand,
        }
    }

    /// A forecast is shown as the utilization that it means for the instances of now.
    fn forecast(demand: f64, target: f64, serving: u32) -> Self {
        let wish = Some(size_for(1, demand, target));
        Self {
            signal: Signal::PredictedCpu,
            observed: Observed::Value(demand / f64::from(serving.max(1))),
            goal: MetricGoal::Utilization(target),
            wish,
            demand: wish,
        }
    }

    /// What it showed, as a number.
    pub fn value(&self) -> Option<f64> {
        self.observed.value()
    }

    /// The size at which so many instances are as busy as the measured ones.
    ///
    /// Those that are still initializing, or show nothing, are left out of the means, but may carry
    /// load; work that is counted for the group as a whole does not depend on them.
    pub(super) fn if_all_were_busy(&self, size: u32) -> u32 {
        if self.signal == Signal::PredictedCpu {
            return 0;
        }
        match (self.goal, self.observed.value(), self.wish) {
            (MetricGoal::Utilization(target), Some(value), Some(_)) => {
                multiplied(size, value, target)
            }
            _ => 0,
        }
    }
}

/// The size that a value asks for. What is measured on instances needs an instance that serves, and
/// asks for one at least; what is measured on the group may ask for none.
fn wish(goal: MetricGoal, per_instance: bool, serving: u32, value: f64) -> Option<u32> {
    match goal {
        MetricGoal::Utilization(_) if per_instance && serving == 0 => None,
        MetricGoal::Utilization(target) if per_instance => Some(size_for(serving, value, target)),
        MetricGoal::Utilization(target) => {
            let at_least = u32::from(value > 0.0);
            Some(multiplied(serving, value, target).max(at_least))
        }
        MetricGoal::SingleInstanceAssignment(share) => Some(size_for_assignment(value, share)),
    }
}

impl Policy {
    /// Whether some signal is measured on instances, so that it never lets the last one go, and
    /// cannot wake a group without any.
    pub fn measures_instances(&self) -> bool {
        self.cpu.is_some()
            || self.load_balancing.is_some()
            || self.metrics.iter().any(MetricUtilization::is_per_instance)
    }

    /// Whether some signal's size is a multiple of how many serve.
    pub(super) fn multiplies_instances(&self) -> bool {
        let multiplied =
            |metric: &MetricUtilization| matches!(metric.goal, MetricGoal::Utilization(_));
        self.measures_instances() || self.metrics.iter().any(multiplied)
    }

    /// Whether this signal of the policy is measured on instances.
    pub(crate) fn is_per_instance(&self, signal: Signal) -> bool {
        match signal {
            Signal::Cpu | Signal::PredictedCpu | Signal::LoadBalancing => true,
            Signal::Metric(index) => self
                .metrics
                .get(index)
                .is_some_and(MetricUtilization::is_per_instance),
            Signal::Schedule(_) => false,
        }
    }
}
