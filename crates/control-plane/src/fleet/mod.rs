//! The fleet as one value: what a page draws.

mod assemble;
mod autoscaler_view;

use autoscaler::{Policy, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{Drill, GroupId, HistoryEntry};

pub(crate) use assemble::{Sources, assemble};
pub(crate) use autoscaler_view::policy_of;

/// All groups we look after, as of one gather.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fleet {
    /// The cloud's time at the gather; ages are differences to it.
    pub taken_at: Timestamp,
    /// In the order of their ids.
    pub groups: Vec<Group>,
    /// What could not be read, and since when; what was read before is still shown.
    pub problems: Vec<Problem>,
}

/// A source that does not answer as it should.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was read: `instance groups`, `metrics`, …
    pub source: String,
    /// Google's words, or ours.
    pub message: String,
    /// When it began, on the cloud's clock.
    pub since: Timestamp,
}

/// One managed instance group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Where it is and what it is called.
    pub id: GroupId,
    /// How many instances it shall have.
    pub target_size: u32,
    /// How many of its machines run.
    pub running: u32,
    /// How many the load balancer sends requests to; `None` if no backend service knows the group.
    pub healthy: Option<u32>,
    /// Nothing is changing, and nothing is about to.
    pub stable: bool,
    /// By name.
    pub instances: Vec<Instance>,
    /// The mean utilization of its running instances, as a fraction of their share.
    pub cpu: Option<Reading>,
    /// Requests per second that reached it through the load balancer.
    pub requests_per_second: Option<Reading>,
    /// The 95th percentile of its answers' latency, in milliseconds.
    pub p95_ms: Option<Reading>,
    /// What the autoscaler recommends, in every mode.
    pub recommended: Option<u32>,
    /// Its autoscaler, if it has one that can be read.
    pub autoscaler: Option<AutoscalerView>,
    /// The last change of its recommended size.
    pub last_event: Option<HistoryEntry>,
}

/// A measured number and its age.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The number.
    pub value: f64,
    /// When it was measured, on the cloud's clock.
    pub at: Timestamp,
}

/// One instance of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// Google's word for where it is in its life; empty before there is a machine.
    pub status: String,
    /// Google's word for what the group is doing to it; `NONE` at rest.
    pub action: String,
    /// `HEALTHY`, `UNHEALTHY` or another word of Google's; `None` before the first probe.
    pub health: Option<String>,
    /// Its utilization, as a fraction of its share; may exceed 1 on shared-core machines.
    pub cpu: Option<Reading>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The name of the template it was made from.
    pub template: String,
    /// The drill that is running on it.
    pub drill: Option<Drill>,
}

/// A group's autoscaler.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutoscalerView {
    /// Its name.
    pub name: String,
    /// What we understand of the policy.
    pub policy: Policy,
    /// The policy as Google has it.
    pub raw: Value,
    /// What a form that is drawn from this policy carries, to be compared when it is sent.
    pub hash: String,
    /// `ACTIVE`, `ERROR`, …
    pub status: String,
    /// Type and sentence of each warning and error.
    pub details: Vec<(String, String)>,
}

impl Fleet {
    /// The group of this id.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == *id)
    }
}

impl Group {
    /// The instance of this name.
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.name == name)
    }
}
