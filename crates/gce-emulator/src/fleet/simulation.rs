//! Instances without programs, for tests and studies of capacity: a group of thousands lives its
//! whole life, from CREATING to its last day, and its autoscaler follows a load that is given.
//!
//! Only what a program does is missing. Nothing listens, so the balancer has no backend in such a
//! group; nothing can crash, so only faults of the boot, of zones and quotas and of the metrics
//! strike it. All instances are measured in one go, since they have one load to share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use autoscaler::{Smoother, Timestamp};

use super::{
    attend::Outcome,
    context::Context,
    life::{End, Life},
    machine::{CurrentAction, Machine, MachineStatus},
    record,
    share::reserved_cores,
    system_metrics,
};
use crate::{
    resource::{Key, Resource},
    store::Store,
};

/// How often utilization is computed, in real time.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// How often it is published, on the cloud's clock: as often as Google samples an instance.
const PUBLISH_EVERY: Duration = Duration::from_mins(1);

/// The vCPUs that a shared-core machine bursts to.
const BURST_CORES: f64 = 2.0;

/// What the groups have to do, in cores. Kept in memory alone, as a real load would be.
#[derive(Debug, Default)]
pub(super) struct Loads(Mutex<BTreeMap<Key, Load>>);

/// What one group has to do. The id tells it from another group that gets its name later.
#[derive(Debug, Clone, Copy)]
struct Load {
    group: u64,
    cores: f64,
}

impl Loads {
    pub(super) fn set(&self, group: &Resource, cores: f64) {
        let load = Load {
            group: group.id,
            cores,
        };
        self.all().insert(group.key.clone(), load);
    }

    /// The loads of the groups that are still there; the others are forgotten.
    pub(super) fn get(&self, store: &Store) -> BTreeMap<Key, f64> {
        let mut all = self.all();
        all.retain(|key, load| store.get(key).is_some_and(|group| group.id == load.group));
        all.iter()
            .map(|(key, load)| (key.clone(), load.cores))
            .collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Key, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    /// Runs, without a program, until somebody wants its end.
    pub(super) async fn simulate(&mut self) -> End {
        self.switched_on().await;
        self.timer.rest();
        let context = Arc::clone(&self.context);
        let outcome = loop {
            tokio::select! {
                () = context.stop.cancelled() => return End::Stop,
                _ = self.orders.changed() => {}
            }
            self.timer.work();
            if let Some(outcome) = self.obey().await {
                break outcome;
            }
            self.timer.rest();
        };
        if let Outcome::Again(action) = outcome {
            self.switch_off(action).await;
            return End::Again(action);
        }
        self.switch_off(CurrentAction::Deleting).await;
        End::Leave
    }

    async fn switched_on(&self) {
        let now = self.context.clock.now();
        let roster = &self.context.roster;
        roster.change(&self.key, |machine| machine.running_since = Some(now));
        // No check could ever verify it.
        roster.settle(&self.key, |machine| machine.action = CurrentAction::None);
        self.set_status(MachineStatus::Running).await;
    }

    async fn switch_off(&self, action: CurrentAction) {
        self.context.roster.change(&self.key, |machine| {
            machine.action = action;
            machine.draining = true;
        });
        self.set_status(MachineStatus::Stopping).await;
        self.forget_process();
    }
}

/// Measures all instances. Runs until the fleet stops.
pub(super) async fn keep(context: Arc<Context>) {
    let mut meter = Meter::default();
    let mut timer = context.clock.timer();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = timer.tick(SAMPLE_EVERY) => {}
        }
        meter.sample(&context);
    }
}

/// What the instances showed so far.
#[derive(Default)]
struct Meter {
    smoothers: HashMap<Key, Smoother>,
    published: Option<Timestamp>,
}

/// An instance that takes its part of the load.
struct Worker<'a> {
    machine: &'a Machine,
    resource: Arc<Resource>,
    cores: f64,
}

impl Meter {
    fn sample(&mut self, context: &Context) {
        let now = context.clock.now();
        let due = |published: Timestamp| now.since(published) >= PUBLISH_EVERY;
        let publish = self.published.is_none_or(due);
        if publish {
            self.published = Some(now);
        }
        let machines = context.roster.machines();
        let loads = context.loads.get(&context.store);
        let mut earlier = std::mem::take(&mut self.smoothers);
        for (group, workers) in by_group(context, &machines) {
            let total: f64 = workers.iter().map(|worker| worker.cores).sum();
            let wanted = loads.get(group).copied().unwrap_or(0.0) / total;
            for worker in workers {
                let key = &worker.machine.key;
                let utilization = wanted.min(most(worker.cores));
                let mut smoother = earlier.remove(key).unwrap_or_default();
                smoother.record(now, utilization);
                let hidden = context.settings.faults.hides_metrics(&key.name);
                let mean = smoother.mean(now).filter(|_| !hidden);
                context.roster.set_cpu(key, mean);
                if publish && !hidden {
                    worker.publish(context, group, utilization, now);
                }
                self.smoothers.insert(key.clone(), smoother);
            }
        }
    }
}

impl Worker<'_> {
    fn publish(&self, context: &Context, group: &Key, utilization: f64, now: Timestamp) {
        let series = system_metrics::Instance {
            resource: &self.resource,
            group: Some(group.clone()),
            cores: self.cores,
            utilization,
        };
        series.record(context, now);
    }
}

fn by_group<'a>(context: &Context, machines: &'a [Machine]) -> BTreeMap<&'a Key, Vec<Worker<'a>>> {
    let mut groups: BTreeMap<&Key, Vec<Worker<'_>>> = BTreeMap::new();
    for machine in machines.iter().filter(|machine| machine.is_serving()) {
        let Some(group) = &machine.group else {
            continue;
        };
        let Some(resource) = context.store.get(&machine.key) else {
            continue;
        };
        let cores = reserved_cores(record::machine_type(&resource));
        groups.entry(group).or_default().push(Worker {
            machine,
            resource,
            cores,
        });
    }
    groups
}

/// The utilization of a machine that does all it can.
fn most(cores: f64) -> f64 {
    if cores < 1.0 {
        BURST_CORES / cores
    } else {
        1.0
    }
}
