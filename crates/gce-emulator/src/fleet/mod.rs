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
mod boot;
mod container;
mod context;
mod cpu_gauge;
mod desired;
mod disturbance;
mod drill;
mod failure;
mod groups;
mod handle;
mod healing;
mod holds;
mod launch;
mod leaving;
mod life;
mod machine;
mod marks;
mod names;
mod orders;
mod plan;
mod ports;
mod process;
mod published;
mod record;
mod roster;
mod scaling;
mod second;
mod secrets;
mod share;
mod signals;
mod simulation;
mod steering;
mod system_metrics;
mod version;
mod workload;

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex},
};

use tokio::task::AbortHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{context::Context, ports::Ports, roster::Roster, simulation::Loads};
pub use self::{
    context::{Settings, Surroundings},
    groups::GroupState,
    handle::FleetHandle,
    leaving::{forget_name, leaves, lets_go, names},
    machine::{CurrentAction, Machine, MachineError, MachineStatus},
    share::reserved_cores,
    version::{UpdateAction, Version, needed_action},
    workload::{Companion, Substitute, Workload},
};
pub(crate) use self::{desired::fixed_or_percent, leaving::is_preempted};
use crate::{
    clock::Clock,
    containers::ContainerEngine,
    metrics::Metrics,
    resource::{Kind, Resource},
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
    /// Outlives the order to stop: the balancer follows instances to their end.
    publishing: AbortHandle,
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
        secrets::sweep(&settings.log_dir);
        let (mark, kept) = take_over(&store, settings.workload.engine).await?;
        let context = Arc::new(Context {
            store,
            clock,
            metrics,
            settings,
            surroundings,
            roster: Arc::new(Roster::default()),
            ports: Ports::default(),
            mark,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            reconciling: Mutex::new(()),
            errors: Mutex::new(VecDeque::new()),
            holds: Mutex::new(HashMap::new()),
            loads: Loads::default(),
        });
        for instance in &kept {
            life::resume(&context, instance);
        }
        context.tasks.spawn(groups::keep(Arc::clone(&context)));
        context
            .tasks
            .spawn(groups::keep_measured(Arc::clone(&context)));
        context.tasks.spawn(healing::keep(Arc::clone(&context)));
        context.tasks.spawn(autoscale::keep(Arc::clone(&context)));
        if context.settings.simulated {
            context.tasks.spawn(simulation::keep(Arc::clone(&context)));
        }
        // Of the roster alone: an aborted task may hold on to what it has for a moment, and the
        // store must be free by then.
        let roster = Arc::clone(&context.roster);
        let publishing = tokio::spawn(async move { roster.keep_published().await });
        Ok(Self {
            context,
            publishing: publishing.abort_handle(),
        })
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
        self.publishing.abort();
    }
}

/// Waits for the end of an earlier run's processes, and removes what it recorded of its groups'
/// instances: the groups then make new ones. Gives the mark of this run, and the instances that
/// are of no group and live on.
///
/// The mark is stored before anything bears it, so a crash at any point leaves nothing unmarked.
async fn take_over(
    store: &Store,
    engine: Option<ContainerEngine>,
) -> Result<(String, Vec<Arc<Resource>>), StoreError> {
    if let Some(earlier) = store.kv(MARK) {
        marks::wait_for_end(&earlier).await;
        if let Some(engine) = engine
            && let Err(error) = engine.sweep(marks::run_of(&earlier)).await
        {
            tracing::warn!(%error, "containers of an earlier run could not be looked for");
        }
    }
    let mark = format!("{}/", uuid::Uuid::new_v4().simple());
    let instances = store.list(Kind::Instance, None).into_iter();
    let (lost, kept): (Vec<_>, Vec<_>) =
        instances.partition(|instance| !leaving::is_alone(store, &instance.key));
    let removed = lost
        .iter()
        .map(|instance| Write::Delete(instance.key.clone()));
    let notes = leaving::forget_all(store);
    let writes = removed.chain(notes).chain([Write::kv(MARK, &mark)]);
    store.commit(writes.collect()).await?;
    Ok((mark, kept))
}
