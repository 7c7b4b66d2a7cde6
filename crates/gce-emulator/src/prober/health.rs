//! What probes have found out, in the two shapes it is read in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

/// The verdict on one instance under one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Not enough probes in a row have agreed yet.
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

/// A verdict and its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthState {
    pub health: Health,
    /// When the verdict became what it is, in real time.
    pub since: Instant,
}

/// The verdict on every probed instance, by check and instance. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthMap(Arc<BTreeMap<String, BTreeMap<String, HealthState>>>);

impl HealthMap {
    /// `None` means that `instance` is not probed under `check`.
    pub fn get(&self, check: &str, instance: &str) -> Option<HealthState> {
        self.0.get(check)?.get(instance).copied()
    }

    /// Whether `instance` has a verdict under `check`, and it is a good one.
    pub fn is_healthy(&self, check: &str, instance: &str) -> bool {
        self.get(check, instance)
            .is_some_and(|state| state.health == Health::Healthy)
    }

    /// All verdicts as (check, instance, state).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, HealthState)> {
        self.0.iter().flat_map(|(check, instances)| {
            instances
                .iter()
                .map(move |(instance, state)| (&**check, &**instance, *state))
        })
    }

    /// Puts a new state on a target that is already here; true when that changed something.
    pub(super) fn refresh(&mut self, check: &str, instance: &str, state: HealthState) -> bool {
        if self.get(check, instance).is_none_or(|known| known == state) {
            return false;
        }
        let map = Arc::make_mut(&mut self.0);
        if let Some(slot) = map
            .get_mut(check)
            .and_then(|instances| instances.get_mut(instance))
        {
            *slot = state;
        }
        true
    }
}

impl FromIterator<(String, String, HealthState)> for HealthMap {
    fn from_iter<I: IntoIterator<Item = (String, String, HealthState)>>(states: I) -> Self {
        let mut map: BTreeMap<String, BTreeMap<String, HealthState>> = BTreeMap::new();
        for (check, instance, state) in states {
            map.entry(check).or_default().insert(instance, state);
        }
        Self(Arc::new(map))
    }
}

/// The live verdict on one target, shared by the task that probes it and the balancer.
#[derive(Debug)]
pub struct Standing {
    state: RwLock<HealthState>,
    healthy: AtomicBool,
    refused: AtomicBool,
    abandoned: AtomicBool,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            state: RwLock::new(HealthState {
                health: Health::Unknown,
                since: Instant::now(),
            }),
            healthy: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        }
    }
}

impl Standing {
    /// Whether the last verdict was a good one.
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Notes that the target refused a connection: better not to be asked again before a probe
    /// has got through to it.
    pub fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether the target has refused a connection since the last probe that got through.
    pub fn has_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn forgive(&self) {
        self.refused.store(false, Ordering::Relaxed);
    }

    /// Ends the standing of a process whose place another one has taken.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    pub(super) fn state(&self) -> HealthState {
        *self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when the verdict changed.
    pub(super) fn set(&self, health: Health) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.health == health {
            return false;
        }
        *state = HealthState {
            health,
            since: Instant::now(),
        };
        self.healthy
            .store(health == Health::Healthy, Ordering::Relaxed);
        true
    }
}
