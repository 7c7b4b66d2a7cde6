//! Health probes as Google makes them.
//!
//! ```text
//! Prober ── one task per (check, instance) ── probe() ── Streak ── HealthMap (watch)
//!                                                          └────── Standing (atomics)
//! ```
//!
//! Readers that want to see the whole fleet use the watch; the balancer asks a [`Standing`] once
//! per request, which costs two atomic loads.

mod health;
mod probe;
mod streak;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use autoscaler::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::clock::Clock;
pub use health::{Health, HealthMap, HealthState, Standing};
use streak::Streak;

/// The shortest real time from one probe to the next.
const SHORTEST: Duration = Duration::from_millis(10);

/// How instances are probed: the part of a `HealthCheck` resource that a prober needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    /// From the start of one probe to the start of the next, in emulated time.
    pub interval: Duration,
    /// How long an answer may take, in real time: it is real software that answers.
    pub timeout: Duration,
    /// So many successes in a row make an instance healthy.
    pub healthy_threshold: u32,
    /// So many failures in a row make it unhealthy.
    pub unhealthy_threshold: u32,
    pub path: String,
    /// The `Host` header; the probed address without its port when absent.
    pub host: Option<String>,
    /// A fixed port to probe instead of the instance's serving port.
    pub port: Option<u16>,
}

/// One instance under one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub check: Check,
    pub instance: String,
    /// Where the instance serves; [`Check::port`] wins over its port.
    pub addr: SocketAddr,
}

impl Target {
    fn key(&self) -> Key {
        (self.check.name.clone(), self.instance.clone())
    }

    fn probed_addr(&self) -> SocketAddr {
        let port = self.check.port.unwrap_or(self.addr.port());
        SocketAddr::new(self.addr.ip(), port)
    }
}

type Key = (String, String);

struct Watched {
    target: Target,
    standing: Arc<Standing>,
    task: AbortHandle,
}

impl Watched {
    /// The standing that `target`, which replaces this one, begins with.
    fn standing_for(&self, target: &Target) -> Arc<Standing> {
        if self.target.probed_addr() == target.probed_addr() {
            return Arc::clone(&self.standing);
        }
        self.standing.abandon();
        Arc::default()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Probes a changing set of targets and publishes what it found.
///
/// Dropping it ends every probe.
pub struct Prober {
    runtime: Handle,
    clock: Clock,
    watched: Mutex<HashMap<Key, Watched>>,
    published: Arc<watch::Sender<HealthMap>>,
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Prober {
    /// A prober without targets, whose probes will run on `runtime`. Intervals are divided by
    /// `speed`, the clock's factor.
    pub fn new(runtime: Handle, speed: u32) -> Self {
        Self::paced(runtime, Clock::starting_at(Timestamp(0), speed))
    }

    /// A prober without targets, whose intervals are those of a clock.
    pub fn paced(runtime: Handle, clock: Clock) -> Self {
        Self {
            runtime,
            clock,
            watched: Mutex::default(),
            published: Arc::new(watch::Sender::default()),
        }
    }

    /// The verdict on every target. A target without a verdict yet is [`Health::Unknown`].
    pub fn health(&self) -> watch::Receiver<HealthMap> {
        self.published.subscribe()
    }

    /// The live verdict on one target, or `None` when it is not probed.
    pub fn standing(&self, check: &str, instance: &str) -> Option<Arc<Standing>> {
        let key = (check.to_owned(), instance.to_owned());
        self.lock()
            .get(&key)
            .map(|watched| Arc::clone(&watched.standing))
    }

    /// Probes exactly `targets` from now on.
    ///
    /// A verdict survives a change of its check's parameters, so that editing a health check does
    /// not take a whole fleet out of service. It does not survive a change of address: behind that
    /// is another process.
    pub fn set_targets(&self, targets: impl IntoIterator<Item = Target>) {
        let wanted: HashMap<Key, Target> = targets.into_iter().map(|t| (t.key(), t)).collect();
        let mut watched = self.lock();
        watched.retain(|key, _| wanted.contains_key(key));
        for (key, target) in wanted {
            let known = watched.get(&key);
            if known.is_some_and(|known| known.target == target) {
                continue;
            }
            let standing = known.map_or_else(Arc::default, |known| known.standing_for(&target));
            watched.insert(key, self.watch(target, standing));
        }
        self.publish_all(&watched);
    }

    fn watch(&self, target: Target, standing: Arc<Standing>) -> Watched {
        let rounds = probe_for_ever(
            target.clone(),
            self.clock.clone(),
            Arc::clone(&standing),
            Arc::clone(&self.published),
        );
        let task = self.runtime.spawn(rounds).abort_handle();
        Watched {
            target,
            standing,
            task,
        }
    }

    /// Brings the published map in line with the set of targets.
    ///
    /// A task that is being aborted may still be about to publish. It cannot bring back an instance
    /// that has left, since `HealthMap::refresh` ignores targets that are not in the map, and it
    /// cannot speak for the process that took its place, since its standing is abandoned by now.
    fn publish_all(&self, watched: &HashMap<Key, Watched>) {
        self.published.send_if_modified(|map| {
            let current = watched.values().map(|w| (&w.target, w.standing.state()));
            let next: HealthMap = current
                .map(|(target, state)| (target.check.name.clone(), target.instance.clone(), state))
                .collect();
            let changed = *map != next;
            *map = next;
            changed
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn probe_for_ever(
    target: Target,
    clock: Clock,
    standing: Arc<Standing>,
    published: Arc<watch::Sender<HealthMap>>,
) {
    // No instance needs more than a hundred probes a second.
    let period = target.check.interval.max(SHORTEST * clock.speed());
    let mut timer = clock.timer();
    let mut streak = Streak::default();
    loop {
        let begun = clock.now();
        let success = probe::succeeds(&target.check, target.probed_addr()).await;
        if success {
            standing.forgive();
        }
        let verdict = streak.verdict(success, &target.check);
        if verdict.is_some_and(|verdict| standing.set(verdict)) {
            published.send_if_modified(|map| {
                !standing.is_abandoned()
                    && map.refresh(&target.check.name, &target.instance, standing.state())
            });
        }
        timer
            .sleep(period.saturating_sub(clock.now().since(begun)))
            .await;
    }
}
