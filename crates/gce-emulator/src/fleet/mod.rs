//! The machines: instances as real processes, the groups they belong to, and the autoscalers.
//!
//! ```text
//! store (what should be) ── groups ──▶ roster ◀── one `Life` an instance ──▶ supervisor ──▶ program
//!        ▲                               │                   │
//!        └────────── autoscalers ◀───────┴── CPU ────────────┘
//! ```
//!
//! The reconciler of groups gives orders, the lives carry them out, and the autoscalers only ever
//! change what should be.

mod attend;
mod audit;
mod autoscale;
mod context;
mod cpu_gauge;
mod drill;
mod groups;
mod healing;
mod launch;
mod leaving;
mod life;
mod machine;
mod marks;
mod names;
mod ports;
mod process;
mod record;
mod roster;
mod scaling;
mod share;
mod system_metrics;

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use autoscaler::Hold;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{context::Context, ports::Ports, roster::Roster};
pub use self::{
    context::{Settings, Surroundings},
    leaving::leaves,
    machine::{CurrentAction, Machine, MachineError, MachineStatus},
    share::reserved_cores,
};
use crate::{
    clock::Clock,
    metrics::Metrics,
    resource::{Key, Kind},
    routing::Endpoint,
    store::{Store, StoreError, Write},
};

/// Under which the store keeps the mark of this run's processes.
const MARK: &str = "fleet.mark";

/// Why the fleet did not start.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error("cannot create the folder of logs `{path}`")]
    Logs { path: String, source: io::Error },
    #[error("cannot replace what the last run left")]
    Store(#[from] StoreError),
}

/// The running fleet. [`Fleet::shutdown`] ends it in order; dropping it only stops its tasks, and
/// the closed pipes then end the processes.
#[derive(Debug)]
pub struct Fleet {
    context: Arc<Context>,
}

/// The way to the fleet for the rest of the cloud. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FleetHandle {
    context: Arc<Context>,
}

impl Fleet {
    /// Ends what an earlier run left, then starts to make the groups of the store real.
    pub async fn start(
        store: Store,
        clock: Clock,
        metrics: Metrics,
        settings: Settings,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, FleetError> {
        std::fs::create_dir_all(&settings.log_dir).map_err(|source| FleetError::Logs {
            path: settings.log_dir.display().to_string(),
            source,
        })?;
        let mark = take_over(&store).await?;
        let context = Arc::new(Context {
            store,
            clock,
            metrics,
            settings,
            surroundings,
            roster: Roster::default(),
            ports: Ports::default(),
            mark,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            errors: Mutex::new(VecDeque::new()),
            holds: Mutex::new(HashMap::new()),
        });
        context.tasks.spawn(groups::keep(Arc::clone(&context)));
        context.tasks.spawn(healing::keep(Arc::clone(&context)));
        context.tasks.spawn(autoscale::keep(Arc::clone(&context)));
        Ok(Self { context })
    }

    /// A handle for others.
    pub fn handle(&self) -> FleetHandle {
        FleetHandle {
            context: Arc::clone(&self.context),
        }
    }

    /// TERM, grace, KILL to all instances at once. No process is left when this returns.
    pub async fn shutdown(self) {
        self.context.stop.cancel();
        self.context.tasks.close();
        self.context.tasks.wait().await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.context.stop.cancel();
    }
}

/// Waits for the end of an earlier run's processes, removes what it recorded of its instances,
/// and stores the mark of this run. The groups then make new instances.
///
/// The mark is stored before anything bears it, so a crash at any point leaves nothing unmarked.
async fn take_over(store: &Store) -> Result<String, StoreError> {
    if let Some(earlier) = store.kv(MARK) {
        marks::wait_for_end(&earlier).await;
    }
    let mark = format!("{}/", uuid::Uuid::new_v4().simple());
    let instances = store.list(Kind::Instance, None);
    let removed = instances
        .iter()
        .map(|instance| Write::Delete(instance.key.clone()));
    let notes = leaving::forget_all(store);
    let writes = removed.chain(notes).chain([Write::kv(MARK, &mark)]);
    store.commit(writes.collect()).await?;
    Ok(mark)
}

impl FleetHandle {
    /// All instances, by zone and name.
    pub fn machines(&self) -> Arc<Vec<Machine>> {
        self.context.roster.machines()
    }

    /// Follows [`FleetHandle::machines`].
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Machine>>> {
        self.context.roster.watch()
    }

    /// The instances of a group, which is of kind `InstanceGroupManager`.
    pub fn group_machines(&self, group: &Key) -> Vec<Machine> {
        let machines = self.machines();
        machines
            .iter()
            .filter(|machine| machine.group.as_ref() == Some(group))
            .cloned()
            .collect()
    }

    /// Utilization of an instance over the last 60 seconds of the clock, once known.
    pub fn cpu(&self, instance: &Key) -> Option<f64> {
        self.context.roster.cpu(instance)
    }

    /// Has instances drained and ended for good. Whether the group then makes others is up to its
    /// target size. Names that do not exist (any more) are passed over.
    pub fn delete_instances(&self, instances: &[Key]) {
        for key in instances {
            self.context.roster.order(key, |orders| orders.leave = true);
        }
    }

    /// Has instances drained, ended and made anew from the group's present template.
    pub fn recreate_instances(&self, instances: &[Key]) {
        for key in instances {
            self.context
                .roster
                .order(key, |orders| orders.recreations += 1);
        }
    }

    /// Where requests for the running instances go, draining ones included.
    pub fn endpoints(machines: &[Machine]) -> Vec<Endpoint> {
        machines.iter().filter_map(endpoint).collect()
    }

    /// Why an autoscaler left its group as it is at its last decision, if another size was in
    /// question.
    pub fn hold(&self, autoscaler: &Key) -> Option<Hold> {
        let holds = self
            .context
            .holds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        holds.get(autoscaler).copied()
    }

    /// The failed attempts to run instances of a group, oldest first.
    pub fn errors(&self, group: &Key) -> Vec<MachineError> {
        let errors = self
            .context
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors
            .iter()
            .filter(|error| error.group.as_ref() == Some(group))
            .cloned()
            .collect()
    }
}

fn endpoint(machine: &Machine) -> Option<Endpoint> {
    Some(Endpoint {
        instance: machine.key.name.clone(),
        group: machine.group.clone()?,
        addr: machine.addr?,
        draining: machine.draining,
    })
}
