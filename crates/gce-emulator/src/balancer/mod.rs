//! The local load balancer: a proxy on a thread and a runtime of its own, so that neither the API nor
//! the fleet can slow down a request, nor a busy proxy them.
//!
//! ```text
//! Balancer
//! ├── Prober ─ Standing           health of every (check, instance)
//! ├── Upstream                    in flight, draining; one per instance
//! └── Listener                    one per forwarding rule
//!     └── Conversation ─ Route ─ Leaf ─ Pool ─ Member ─ Upstream, Standing
//! ```
//!
//! [`Balancer::apply`] builds new routes beside the old ones and swaps them in. A request keeps the
//! route it began with, so a change drops none.

mod affinity;
mod certificate;
mod connection;
mod custom_headers;
mod exchange;
mod failure;
mod headers;
mod hidden;
mod http1;
mod listener;
mod plan;
mod pool;
mod record;
mod redirect;
mod route;
mod secure;
mod table;
mod traffic;
mod upstream;
mod url_map;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use autoscaler::Timestamp;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::prober::{HealthMap, Prober};
pub use certificate::CertificateError;
use certificate::Certificates;
use listener::Listener;
use plan::{Parts, Planner};
pub use record::TrafficRecorder;
pub use table::{
    Affinity, Backend, Certificate, Check, CustomHeader, Frontend, Group, HostRule, PathRule,
    Redirect, RedirectPath, RoutingTable, Service, Share, Target, UrlMap,
};
use traffic::Meters;
pub use traffic::{LATENCY_BOUNDS_MS, Latencies, Traffic, TrafficLabels};

/// More threads than this gain nothing on a machine that also runs the fleet.
const MAX_THREADS: usize = 4;

/// A frontend that could not be opened. The others were, and the next [`Balancer::apply`] tries
/// this one again.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on 127.0.0.1:{port} for the forwarding rule {rule:?}")]
pub struct ListenError {
    pub rule: String,
    pub port: u16,
    #[source]
    pub source: io::Error,
}

impl ListenError {
    /// Whether another program listens on the port.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

/// A running load balancer. Dropping it cuts every connection; see [`Balancer::shutdown`].
#[derive(Debug)]
pub struct Balancer {
    runtime: Handle,
    prober: Prober,
    meters: Meters,
    frontends: Mutex<Frontends>,
    listeners: watch::Sender<BTreeMap<String, SocketAddr>>,
    connections: TaskTracker,
    stop: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Frontends {
    open: HashMap<String, Listener>,
    planner: Planner,
    certificates: Certificates,
}

impl Balancer {
    /// Starts a balancer without frontends. `speed` is the factor of the emulated clock, by which
    /// probes come more often.
    pub fn start(speed: u32) -> io::Result<Self> {
        Self::paced(Clock::starting_at(Timestamp(0), speed))
    }

    /// Starts a balancer without frontends, which probes by a clock.
    pub fn paced(clock: Clock) -> io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.min(MAX_THREADS))
            .thread_name("balancer-worker")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let thread = spawn_thread(runtime, stop.clone())?;
        Ok(Self {
            prober: Prober::paced(handle.clone(), clock),
            runtime: handle,
            meters: Meters::default(),
            frontends: Mutex::default(),
            listeners: watch::Sender::default(),
            connections: TaskTracker::new(),
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Makes `table` the truth: opens, changes and closes frontends without dropping a request.
    ///
    /// Everything that can be done is done; the errors name the frontends that could not be opened.
    /// Returns within microseconds unless the machine is overloaded, so it may be called from async
    /// code.
    pub fn apply(&self, table: &RoutingTable) -> Result<(), Vec<ListenError>> {
        let mut frontends = self.lock();
        self.prober.set_targets(plan::targets(table));
        frontends.close_all_but(table);
        frontends.planner.adopt(table);
        let failed: Vec<_> = in_order(table)
            .filter_map(|frontend| self.apply_one(&mut frontends, frontend).err())
            .collect();
        self.publish(&frontends.open);
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed)
        }
    }

    fn apply_one(&self, frontends: &mut Frontends, frontend: &Frontend) -> Result<(), ListenError> {
        let Frontends {
            open,
            planner,
            certificates,
        } = frontends;
        let twin = frontend.secure_twin.as_ref();
        let parts = Parts {
            prober: &self.prober,
            meters: &self.meters,
            secure_port: twin.and_then(|twin| Some(open.get(twin)?.addr.port())),
        };
        let route = planner.route(frontend, parts);
        let tls = certificates.config(&frontend.rule, &frontend.certificates);
        if let Some(listener) = open.get(&frontend.rule) {
            listener.update(route, tls);
            return Ok(());
        }
        let opened = Listener::open(&self.runtime, &self.connections, frontend.port, route, tls);
        let listener = opened.map_err(|source| ListenError {
            rule: frontend.rule.clone(),
            port: frontend.port,
            source,
        })?;
        open.insert(frontend.rule.clone(), listener);
        Ok(())
    }

    /// The address of every open frontend, by the name of its forwarding rule.
    pub fn listeners(&self) -> watch::Receiver<BTreeMap<String, SocketAddr>> {
        self.listeners.subscribe()
    }

    /// The verdict of the backend services' health checks on their instances.
    pub fn health(&self) -> watch::Receiver<HealthMap> {
        self.prober.health()
    }

    /// How many requests `instance` is busy with.
    ///
    /// Once a table in which it drains, or is absent, has been applied and this says 0, no request
    /// will reach it any more.
    pub fn in_flight(&self, instance: &str) -> usize {
        self.lock().planner.in_flight(instance)
    }

    /// What went through since the last call.
    pub fn take_traffic(&self) -> Vec<Traffic> {
        self.meters.take()
    }

    /// Stops accepting, gives requests under way `grace` to finish, then cuts what is left and ends
    /// the thread. Nothing may be applied afterwards.
    pub async fn shutdown(&self, grace: Duration) {
        self.close();
        self.connections.close();
        if tokio::time::timeout(grace, self.connections.wait())
            .await
            .is_err()
        {
            tracing::debug!(
                open = self.connections.len(),
                "cutting the connections still open"
            );
        }
        self.stop.cancel();
        if let Some(thread) = self.take_thread() {
            // Joining blocks, though not for long: the runtime drops its tasks and returns.
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the balancer's thread panicked");
            }
        }
    }

    fn take_thread(&self) -> Option<JoinHandle<()>> {
        self.thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn close(&self) {
        self.prober.set_targets([]);
        let mut frontends = self.lock();
        frontends.close_all_but(&RoutingTable::default());
        self.publish(&frontends.open);
    }

    fn publish(&self, open: &HashMap<String, Listener>) {
        let addrs: BTreeMap<_, _> = open
            .iter()
            .map(|(rule, l)| (rule.clone(), l.addr))
            .collect();
        self.listeners.send_if_modified(|known| {
            let changed = *known != addrs;
            *known = addrs;
            changed
        });
    }

    fn lock(&self) -> MutexGuard<'_, Frontends> {
        self.frontends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.take_thread() {
            // A panic over there has been reported by the panic hook; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Frontends {
    /// Closes what is gone or has moved to another port, and so makes room for what comes.
    fn close_all_but(&mut self, table: &RoutingTable) {
        let leaves = |rule: &String, listener: &mut Listener| {
            let stays = |f: &Frontend| f.rule == *rule && f.port == listener.requested;
            !table.frontends.iter().any(stays)
        };
        self.certificates
            .keep(table.frontends.iter().flat_map(|f| &f.certificates));
        for (_, listener) in self.open.extract_if(leaves) {
            listener.close();
        }
    }
}

/// The frontends of a table, secure ones first: a redirect to one needs to know its port.
fn in_order(table: &RoutingTable) -> impl Iterator<Item = &Frontend> {
    let secure = |frontend: &&Frontend| !frontend.certificates.is_empty();
    let all = &table.frontends;
    let plain = all.iter().filter(move |frontend| !secure(frontend));
    all.iter().filter(secure).chain(plain)
}

fn spawn_thread(runtime: Runtime, stop: CancellationToken) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("balancer".to_owned())
        .spawn(move || {
            runtime.block_on(stop.cancelled());
            runtime.shutdown_background();
        })
}
