//! A group in a few lines: instances that boot, initialize and share a load, and an autoscaler
//! that is fed and obeyed as the local cloud does it.

use std::time::Duration;

use autoscaler::{Decision, Engine, Policy, Sample, Smoother, Timestamp, mean};

/// From the order to start an instance until it takes load.
const BOOT: Duration = Duration::from_secs(10);

pub(crate) struct Group {
    pub engine: Engine,
    pub now: Timestamp,
    pub events: Vec<Event>,
    instances: Vec<Instance>,
    /// What one instance can burn at most; its utilization ends there.
    ceiling: f64,
}

/// A change of the recommended size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub second: i64,
    pub from: u32,
    pub to: u32,
    pub summary: String,
}

struct Instance {
    boots_at: Timestamp,
    smoother: Smoother,
}

impl Group {
    /// A group that has run for long already.
    pub(crate) fn new(policy: Policy, size: u32) -> Self {
        let now = Timestamp(0);
        let long_ago = Timestamp(-86_400_000);
        let instance = || Instance {
            boots_at: long_ago,
            smoother: Smoother::new(),
        };
        Self {
            engine: Engine::new(policy, now, size),
            now,
            events: Vec::new(),
            instances: (0..size).map(|_| instance()).collect(),
            ceiling: f64::INFINITY,
        }
    }

    pub(crate) fn with_ceiling(mut self, ceiling: f64) -> Self {
        self.ceiling = ceiling;
        self
    }

    pub(crate) fn size(&self) -> u32 {
        self.instances.len() as u32
    }

    /// Runs for a while under a load, in units of one fully used instance.
    pub(crate) fn run(&mut self, seconds: i64, load: f64) -> Decision {
        (0..seconds).map(|_| self.tick(load)).last().unwrap()
    }

    /// One second.
    pub(crate) fn tick(&mut self, load: f64) -> Decision {
        self.now = self.now.after(Duration::from_secs(1));
        self.work(load);
        self.engine.observe(self.now, self.sample());
        let decision = self.engine.decide(self.now, self.size());
        if decision.previous != decision.recommended {
            self.events.push(Event {
                second: self.now.0 / 1000,
                from: decision.previous,
                to: decision.recommended,
                summary: decision.reason.summary.clone(),
            });
        }
        if let Some(size) = decision.resize_to {
            self.resize(size);
        }
        decision
    }

    /// The instances that take load so many seconds from now.
    pub(crate) fn working_after(&self, seconds: u64) -> u32 {
        let then = self.now.after(Duration::from_secs(seconds));
        let working = |instance: &&Instance| instance.boots_at <= then;
        self.instances.iter().filter(working).count() as u32
    }

    /// What so many working instances use of a load.
    pub(crate) fn used(&self, load: f64, working: u32) -> f64 {
        load.min(f64::from(working) * self.ceiling)
    }

    pub(crate) fn resize(&mut self, size: u32) {
        let boots_at = self.now.after(BOOT);
        let instance = || Instance {
            boots_at,
            smoother: Smoother::new(),
        };
        self.instances.resize_with(size as usize, instance);
    }

    fn work(&mut self, load: f64) {
        let now = self.now;
        let working = |instance: &&mut Instance| instance.boots_at <= now;
        let count = self.instances.iter_mut().filter(working).count();
        let share = (load / count as f64).min(self.ceiling);
        for instance in self.instances.iter_mut().filter(working) {
            instance.smoother.record(now, share);
        }
    }

    fn sample(&self) -> Sample {
        let initialization = self.engine.policy().cool_down;
        let initialized = |instance: &&Instance| {
            instance.boots_at <= self.now && self.now.since(instance.boots_at) >= initialization
        };
        let means: Vec<f64> = self
            .instances
            .iter()
            .filter(initialized)
            .filter_map(|instance| instance.smoother.mean(self.now))
            .collect();
        Sample::cpu(means.len() as u32, self.size(), mean(means))
    }
}
