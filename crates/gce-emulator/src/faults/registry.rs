//! The faults that are on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::fault::{ApiFailure, Fault, Request, Target};

/// All faults of one local cloud. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Registry>>);

#[derive(Debug, Default)]
struct Registry {
    last: u64,
    active: BTreeMap<u64, Active>,
}

/// A fault that is on.
#[derive(Clone, Debug)]
pub struct Active {
    pub fault: Fault,
    ends: Option<Instant>,
    /// How many calls of the API it has struck.
    times: u64,
    /// The instances that a fault for once has struck.
    struck: BTreeSet<String>,
}

impl Active {
    /// How long it still lasts, if it ends by itself.
    pub fn left(&self) -> Option<Duration> {
        self.ends
            .map(|ends| ends.saturating_duration_since(Instant::now()))
    }

    /// How many calls of the API it has failed or delayed, or how many instances it has struck
    /// once.
    pub fn times(&self) -> u64 {
        self.times + self.struck.len() as u64
    }

    fn is_over(&self) -> bool {
        self.ends.is_some_and(|ends| ends <= Instant::now())
    }
}

impl Faults {
    /// Switches a fault on; its number.
    pub fn add(&self, request: Request) -> u64 {
        let mut registry = self.registry();
        registry.last += 1;
        let active = Active {
            fault: request.fault,
            ends: request.lasts.map(|lasts| Instant::now() + lasts),
            times: 0,
            struck: BTreeSet::new(),
        };
        let number = registry.last;
        registry.active.insert(number, active);
        number
    }

    /// Switches a fault off; whether it was on.
    pub fn remove(&self, number: u64) -> bool {
        self.registry().active.remove(&number).is_some()
    }

    /// What is on, by number.
    pub fn list(&self) -> BTreeMap<u64, Active> {
        self.registry().active.clone()
    }

    /// The first answer of those that concern a target.
    fn find<T>(&self, target: Target<'_>, answer: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let registry = self.registry();
        let faults = registry.active.values().map(|active| &active.fault);
        let mut concerned = faults.filter(|fault| fault.concerns(target));
        concerned.find_map(answer)
    }

    /// The first answer of those that strike a call of the API, which counts as struck by it.
    fn strike_call<T>(&self, method: &str, answer: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut registry = self.registry();
        let mut concerned = registry
            .active
            .values_mut()
            .filter(|active| active.fault.concerns(Target::Method(method)));
        concerned.find_map(|active| {
            let answer = answer(&active.fault)?;
            active.times += 1;
            Some(answer)
        })
    }

    /// How late a call is to be answered.
    pub(super) fn delay(&self, method: &str) -> Option<Duration> {
        self.strike_call(method, |fault| match fault {
            Fault::SlowAnswer { rate, delay_ms, .. } if strikes(*rate) => {
                Some(Duration::from_millis(*delay_ms))
            }
            _ => None,
        })
    }

    /// How a call is to fail.
    pub(super) fn failure(&self, method: &str) -> Option<ApiFailure> {
        self.strike_call(method, |fault| match fault {
            Fault::ApiError { rate, error, .. } if strikes(*rate) => Some(*error),
            _ => None,
        })
    }

    /// Whether a zone has nothing left.
    pub(crate) fn is_out_of_stock(&self, zone: &str) -> bool {
        self.find(Target::Zone(zone), |_| Some(())).is_some()
    }

    /// How many instances the project may have, if that is limited.
    pub(crate) fn quota(&self) -> Option<usize> {
        let registry = self.registry();
        let quotas = registry
            .active
            .values()
            .filter_map(|active| match active.fault {
                Fault::Quota { instances } => Some(instances),
                _ => None,
            });
        quotas.min()
    }

    /// How much longer an instance boots.
    pub(crate) fn slow_boot(&self, instance: &str) -> Duration {
        let seconds = self.find(Target::Instance(instance), |fault| match fault {
            Fault::SlowBoot { seconds, .. } => Some(*seconds),
            _ => None,
        });
        Duration::from_secs(seconds.unwrap_or(0))
    }

    /// Whether an instance fails to boot, this time.
    pub(crate) fn fails_to_boot(&self, instance: &str) -> bool {
        let failed = self.find(Target::Instance(instance), |fault| match fault {
            Fault::FailedBoot { rate, .. } if strikes(*rate) => Some(()),
            _ => None,
        });
        failed.is_some()
    }

    /// Whether the program of an instance is stopped as it stands.
    pub(crate) fn is_unhealthy(&self, instance: &str) -> bool {
        let unhealthy = self.find(Target::Instance(instance), |fault| {
            matches!(fault, Fault::Unhealthy { .. }).then_some(())
        });
        unhealthy.is_some()
    }

    /// Whether nothing is heard of an instance's CPU.
    pub(crate) fn hides_metrics(&self, instance: &str) -> bool {
        let hidden = self.find(Target::Instance(instance), |fault| {
            matches!(fault, Fault::MissingMetrics { .. }).then_some(())
        });
        hidden.is_some()
    }

    /// Whether an instance is to crash now. It is said once.
    pub(crate) fn take_crash(&self, instance: &str) -> bool {
        self.strike(instance, |fault| {
            matches!(fault, Fault::Crash { .. }).then_some(())
        })
        .is_some()
    }

    /// The notice, if an instance is to be preempted now. It is said once.
    pub(crate) fn take_preemption(&self, instance: &str) -> Option<Duration> {
        self.strike(instance, |fault| match fault {
            Fault::Preemption { notice_sec, .. } => Some(Duration::from_secs(*notice_sec)),
            _ => None,
        })
    }

    fn strike<T>(&self, instance: &str, answer: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut registry = self.registry();
        let mut concerned = registry
            .active
            .values_mut()
            .filter(|active| active.fault.concerns(Target::Instance(instance)));
        concerned.find_map(|active| {
            let answer = answer(&active.fault)?;
            active.struck.insert(instance.to_owned()).then_some(answer)
        })
    }

    /// What is on; what is over is gone.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.active.retain(|_, active| !active.is_over());
        registry
    }
}

fn strikes(rate: f64) -> bool {
    rand::random_bool(rate.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn with(texts: &[&str]) -> Faults {
        let faults = Faults::default();
        for text in texts {
            faults.add(Request::from_json(text).unwrap());
        }
        faults
    }

    #[test]
    fn a_crash_strikes_every_instance_once() {
        let faults = with(&[r#"{"type": "crash", "instance": "web-*"}"#]);
        assert!(faults.take_crash("web-1"));
        assert!(!faults.take_crash("web-1"));
        assert!(faults.take_crash("web-2"));
        assert!(!faults.take_crash("db-1"));
        let times: Vec<u64> = faults.list().values().map(Active::times).collect();
        assert_eq!(times, [2]);
    }

    #[test]
    fn a_rate_strikes_a_part_of_the_calls() {
        let faults = with(&[r#"{"type": "apiError", "error": "unavailable", "rate": 0.3}"#]);
        let failed = (0..2000)
            .filter(|_| faults.failure("compute.zones.list").is_some())
            .count();
        assert!((400..800).contains(&failed), "{failed} of 2000");
        let times: Vec<u64> = faults.list().values().map(Active::times).collect();
        assert_eq!(times, [failed as u64]);
    }

    #[test]
    fn a_fault_is_gone_when_its_time_is_over_or_it_is_taken_back() {
        let faults = with(&[r#"{"type": "quota", "instances": 3}"#]);
        let brief = r#"{"type": "quota", "instances": 1, "durationSec": 0.000001}"#;
        faults.add(Request::from_json(brief).unwrap());
        while faults.list().len() > 1 {
            std::thread::yield_now();
        }
        assert_eq!(faults.quota(), Some(3));
        assert!(faults.remove(1));
        assert!(!faults.remove(1));
        assert_eq!(faults.quota(), None);
    }
}
