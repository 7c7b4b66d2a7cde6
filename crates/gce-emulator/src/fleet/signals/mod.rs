//! What an autoscaler's signals show beside CPU: the balancer's load, and Monitoring metrics.

mod balancing;
mod metric;
mod series;

use autoscaler::{Policy, Sample, Timestamp};

use super::{context::Context, machine::Machine};
use crate::resource::Resource;

/// A group at one instant, as far as the signals need to know it.
pub(super) struct Group<'a> {
    pub(super) context: &'a Context,
    pub(super) manager: &'a Resource,
    /// The initialized instances, of which CPU is known.
    pub(super) serving: &'a [&'a Machine],
    pub(super) now: Timestamp,
}

impl Group<'_> {
    /// Fills in the signals of the policy that a sample of CPU lacks.
    pub(super) fn complete(&self, policy: &Policy, sample: &mut Sample) {
        if policy.load_balancing.is_some() {
            sample.load_balancing = balancing::utilization(self, sample.cpu);
        }
        for (observed, metric) in sample.metrics.iter_mut().zip(&policy.metrics) {
            *observed = metric::observe(self, metric);
        }
    }
}
