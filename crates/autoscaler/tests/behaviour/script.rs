//! An engine that is told what to see, and obeyed.

use autoscaler::{Decision, Engine, Policy, Sample, Timestamp};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

/// An engine that is told the same sample every second.
pub(crate) struct Script {
    pub(crate) engine: Engine,
    pub(crate) second: i64,
    pub(crate) target_size: u32,
}

impl Script {
    pub(crate) fn new(policy: Policy, size: u32) -> Self {
        Self {
            engine: Engine::new(policy, at(0), size),
            second: 0,
            target_size: size,
        }
    }

    /// All instances serve.
    pub(crate) fn steady(&mut self, seconds: i64, cpu: f64) -> Decision {
        let serving = self.target_size;
        self.told(seconds, Sample::cpu(serving, serving, Some(cpu)))
    }

    pub(crate) fn silent(&mut self, seconds: i64) -> Decision {
        let serving = self.target_size;
        self.told(seconds, Sample::cpu(serving, serving, None))
    }

    pub(crate) fn told(&mut self, seconds: i64, sample: Sample) -> Decision {
        let mut last = None;
        for _ in 0..seconds {
            self.second += 1;
            self.engine.observe(at(self.second), sample);
            let decision = self.engine.decide(at(self.second), self.target_size);
            self.target_size = decision.resize_to.unwrap_or(self.target_size);
            last = Some(decision);
        }
        last.unwrap()
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.engine.policy().clone();
        change(&mut policy);
        self.engine.set_policy(policy, at(self.second));
    }
}
