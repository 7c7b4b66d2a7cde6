//! What the handlers of the API share.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::member::Member;
use crate::{
    clock::{Clock, rfc3339},
    compute::change::Command,
    faults::Faults,
    fleet::{FleetHandle, GroupState, MachineError},
    metrics::Metrics,
    prober::{Health, HealthMap},
    resource::{Key, Kind, Resource},
    store::Store,
};

/// One local cloud as the API sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Cloud(Arc<Parts>);

/// What a [`Cloud`] is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) fleet: FleetHandle,
    /// Whether operations answer RUNNING first.
    pub(crate) slow_operations: bool,
    pub(crate) metrics_late: bool,
    /// Where each forwarding rule listens.
    pub(crate) listeners: watch::Receiver<BTreeMap<String, SocketAddr>>,
    /// What the balancer's health checks say.
    pub(crate) health: watch::Receiver<HealthMap>,
    pub(crate) faults: Faults,
    /// Whether a call needs a token.
    pub(crate) require_auth: bool,
}

impl Cloud {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Whether metrics can be read only as late as at Google.
    pub(crate) fn metrics_late(&self) -> bool {
        self.0.metrics_late
    }

    pub(crate) fn requires_auth(&self) -> bool {
        self.0.require_auth
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(crate) fn slow_operations(&self) -> bool {
        self.0.slow_operations
    }

    /// Where a forwarding rule listens, once it does.
    pub(crate) fn listener(&self, rule: &str) -> Option<SocketAddr> {
        self.0.listeners.borrow().get(rule).copied()
    }

    /// All instances.
    pub(crate) fn members(&self) -> Vec<Member> {
        let machines = self.0.fleet.machines();
        machines
            .iter()
            .map(|machine| Member::new(machine, self.store()))
            .collect()
    }

    /// The instances of a group, by name.
    pub(crate) fn instances_of(&self, group: &Key) -> Vec<Member> {
        let machines = self.0.fleet.group_machines(group);
        machines
            .iter()
            .map(|machine| Member::new(machine, self.store()))
            .collect()
    }

    /// Gives a group of simulated instances so many cores to do; false where instances are processes.
    pub(crate) fn set_load(&self, group: &Key, cores: f64) -> bool {
        self.0.fleet.set_load(group, cores)
    }

    /// What simulated groups have to do, in cores.
    pub(crate) fn loads(&self) -> BTreeMap<Key, f64> {
        self.0.fleet.loads()
    }

    /// Lets the groups take at once the steps that they can.
    pub(crate) fn settle(&self) {
        self.0.fleet.settle();
    }

    /// How far a group has got, given its manager.
    pub(crate) fn group_state(&self, manager: &Resource) -> GroupState {
        self.0.fleet.group_state(manager)
    }

    /// `healthStatus` of a group's instances under a backend service's health check.
    pub(crate) fn backend_health(&self, group: &Key, check: Option<&str>) -> Vec<Value> {
        let manager = Key::new(
            Kind::InstanceGroupManager,
            group.scope.clone(),
            &*group.name,
        );
        let health = self.0.health.borrow().clone();
        let running = self
            .instances_of(&manager)
            .into_iter()
            .filter(|member| member.status == "RUNNING");
        running
            .map(|member| {
                let state = check.and_then(|check| health.get(check, &member.key.name));
                let healthy = state.is_some_and(|state| state.health == Health::Healthy);
                json!({
                    "instance": self.store().url(&member.key),
                    "healthState": if healthy { "HEALTHY" } else { "UNHEALTHY" },
                    "ipAddress": "127.0.0.1",
                    "port": member.port,
                })
            })
            .collect()
    }

    /// The latest failures of a group, as `listErrors` gives them.
    pub(crate) fn errors_of(&self, group: &Key) -> Vec<Value> {
        let errors = self.0.fleet.errors(group);
        errors.iter().map(|error| self.error(error)).collect()
    }

    fn error(&self, error: &MachineError) -> Value {
        json!({
            "timestamp": rfc3339(error.at),
            "error": {"code": error.code, "message": error.message},
            "instanceActionDetails": {
                "action": error.action.as_str(),
                "instance": self.store().url(&error.instance),
            },
        })
    }

    /// Where an instance's output goes.
    pub(crate) fn log_path(&self, instance: &Key) -> Option<PathBuf> {
        let machines = self.0.fleet.machines();
        let machine = machines.iter().find(|machine| machine.key == *instance);
        machine.map(|machine| machine.log_path.clone())
    }

    /// Has the fleet act on what was decided.
    pub(crate) fn execute(&self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Delete(instances) => self.0.fleet.delete_instances(&instances),
                Command::Recreate(instances) => self.0.fleet.recreate_instances(&instances),
                Command::Update(instances, minimal) => {
                    self.0.fleet.update_instances(&instances, minimal);
                }
                Command::Abandon(instances) => self.0.fleet.abandon_instances(&instances),
            }
        }
    }
}
