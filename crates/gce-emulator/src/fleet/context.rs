//! What every part of the fleet needs.

use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use autoscaler::Hold;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    machine::{Machine, MachineError},
    ports::Ports,
    roster::Roster,
    simulation::Loads,
    workload::Workload,
};
use crate::{clock::Clock, faults::Faults, metrics::Metrics, resource::Key, store::Store};

/// How many failed attempts `listErrors` can tell of.
const KEEP_ERRORS: usize = 200;

/// What instances run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the logs go: a file for each instance.
    pub log_dir: PathBuf,
    pub workload: Workload,
    /// Whether instances have no program, and a load that is given.
    pub simulated: bool,
    /// For example `["/path/flaskscale", "__supervise"]`.
    pub supervisor: Vec<String>,
    /// For example `["/path/flaskscale", "__burn"]`; `--cores X --seconds Y` is added.
    pub burner: Vec<String>,
    /// Between TERM and KILL, in real time.
    pub grace: Duration,
    /// What is to go wrong.
    pub faults: Faults,
}

/// What the rest of the cloud does for the fleet.
pub trait Surroundings: Send + Sync + 'static {
    /// Tells the balancer. When this returns, a draining machine gets no new request.
    fn route(&self, machines: &[Machine]);

    /// How many requests an instance is busy with.
    fn in_flight(&self, instance: &str) -> usize;

    /// Opens the metadata listener of an instance. It is open until the value is dropped.
    fn open_metadata(&self, instance: &Key)
    -> io::Result<(SocketAddr, Box<dyn Any + Send + Sync>)>;

    /// What a version of a secret holds, if it is there and enabled.
    fn secret(&self, secret: &str, version: u64) -> Option<Vec<u8>>;
}

pub(super) struct Context {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) settings: Settings,
    pub(super) surroundings: Arc<dyn Surroundings>,
    pub(super) roster: Arc<Roster>,
    pub(super) ports: Ports,
    /// The beginning of the mark that all processes of this run bear.
    pub(super) mark: String,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// Held while steps of groups are planned and taken.
    pub(super) reconciling: Mutex<()>,
    pub(super) errors: Mutex<VecDeque<MachineError>>,
    /// Why each autoscaler left its group as it is, at its last decision.
    pub(super) holds: Mutex<HashMap<Key, Hold>>,
    /// What simulated groups have to do.
    pub(super) loads: Loads,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Notes a failed attempt for `listErrors`.
    pub(super) fn note_error(&self, error: MachineError) {
        tracing::warn!(instance = error.instance.name, "{}", error.message);
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() == KEEP_ERRORS {
            errors.pop_front();
        }
        errors.push_back(error);
    }

    /// Notes why an autoscaler left its group as it is, if it did.
    pub(super) fn set_hold(&self, autoscaler: &Key, hold: Option<Hold>) {
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        match hold {
            Some(hold) => _ = holds.insert(autoscaler.clone(), hold),
            None => _ = holds.remove(autoscaler),
        }
    }
}
