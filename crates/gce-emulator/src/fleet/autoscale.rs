//! The autoscaler loop: measures each autoscaled group, asks the engine, and obeys it through the
//! group's target size.

use std::{collections::HashMap, sync::Arc, time::Duration};

use autoscaler::{Engine, Policy, Sample, Timestamp};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    context::Context,
    scaling::{self, Change},
    system_metrics::{autoscaler_labels, record_autoscaler},
};
use crate::{
    metrics,
    resource::{Key, Kind, Resource},
};

/// How often groups are measured, in real time; also the shortest time between two decisions.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// How often the engine decides, on the cloud's clock. Google says "constantly" and names no
/// period.
const DECIDE_EVERY: Duration = Duration::from_secs(15);

/// Runs until the fleet stops.
pub(super) async fn keep(context: Arc<Context>) {
    let mut steered: HashMap<Key, Steering> = HashMap::new();
    let mut ticks = interval(OBSERVE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let autoscalers = context.store.list(Kind::Autoscaler, None);
        steered.retain(|key, _| autoscalers.iter().any(|autoscaler| autoscaler.key == *key));
        for autoscaler in &autoscalers {
            steer(&context, &mut steered, autoscaler).await;
        }
    }
}

async fn steer(
    context: &Context,
    steered: &mut HashMap<Key, Steering>,
    autoscaler: &Arc<Resource>,
) {
    let manager = autoscaler
        .reference("target")
        .and_then(|key| context.store.get(&key));
    let Some(manager) = manager else {
        steered.remove(&autoscaler.key);
        return scaling::report_missing_target(context, autoscaler).await;
    };
    let Some(raw) = autoscaler.body.get("autoscalingPolicy") else {
        return;
    };
    let now = context.clock.now();
    let target_size = size_of(&manager);
    let known = steered
        .get(&autoscaler.key)
        .is_some_and(|steering| steering.raw == *raw);
    if !known {
        // The API lets only valid policies in; a state file may have been edited by hand.
        let Ok(policy) = autoscaler::validate(raw) else {
            return;
        };
        if let Some(steering) = steered.get_mut(&autoscaler.key) {
            steering.adopt(policy, raw, now);
        } else {
            let steering = Steering::new(policy, raw, now, target_size);
            steered.insert(autoscaler.key.clone(), steering);
        }
    }
    let Some(steering) = steered.get_mut(&autoscaler.key) else {
        return;
    };
    let measured = Measured::of(context, &manager, steering.engine.policy(), now);
    steering.engine.observe(now, measured.sample);
    if steering.is_due(now, target_size) {
        steering.decide(context, autoscaler, &manager, now).await;
    }
    measured.record(context, autoscaler, &manager, &steering.engine, now);
}

fn size_of(manager: &Resource) -> u32 {
    manager
        .number("targetSize")
        .and_then(|size| u32::try_from(size).ok())
        .unwrap_or(0)
}

/// One autoscaler's engine, and when it last decided.
struct Steering {
    engine: Engine,
    /// The policy as it stands in the store.
    raw: Value,
    decided: Option<(Timestamp, u32)>,
}

impl Steering {
    fn new(policy: Policy, raw: &Value, now: Timestamp, size: u32) -> Self {
        Self {
            engine: Engine::new(policy, now, size),
            raw: raw.clone(),
            decided: None,
        }
    }

    /// Takes a changed policy, and decides by it at once.
    fn adopt(&mut self, policy: Policy, raw: &Value, now: Timestamp) {
        self.engine.set_policy(policy, now);
        self.raw = raw.clone();
        self.decided = None;
    }

    fn is_due(&self, now: Timestamp, target_size: u32) -> bool {
        self.decided
            .is_none_or(|(at, left_at)| now.since(at) >= DECIDE_EVERY || left_at != target_size)
    }

    async fn decide(
        &mut self,
        context: &Context,
        autoscaler: &Arc<Resource>,
        manager: &Arc<Resource>,
        now: Timestamp,
    ) {
        let target_size = size_of(manager);
        let decision = self.engine.decide(now, target_size);
        context.set_hold(&autoscaler.key, decision.hold);
        let left_at = decision.resize_to.unwrap_or(target_size);
        let change = Change {
            autoscaler,
            manager,
            policy: self.engine.policy(),
            decision,
        };
        if change.apply(context).await {
            self.decided = Some((now, left_at));
        }
    }
}

/// A group at one instant, as its autoscaler sees it.
struct Measured {
    sample: Sample,
    /// The sum over the serving instances, which is what Google publishes.
    utilization: f64,
}

impl Measured {
    fn of(context: &Context, manager: &Resource, policy: &Policy, now: Timestamp) -> Self {
        let machines = context.roster.machines();
        let members: Vec<_> = machines
            .iter()
            .filter(|machine| machine.group.as_ref() == Some(&manager.key))
            .filter(|machine| !context.roster.is_leaving(&machine.key))
            .collect();
        let serving: Vec<f64> = members
            .iter()
            .filter(|machine| machine.is_initialized(now, policy.cool_down))
            .filter_map(|machine| context.roster.cpu(&machine.key))
            .collect();
        let cpu = autoscaler::mean(serving.iter().copied());
        let sample = Sample::cpu(serving.len() as u32, members.len() as u32, cpu);
        Self {
            sample,
            utilization: serving.iter().sum(),
        }
    }

    fn record(
        &self,
        context: &Context,
        autoscaler: &Resource,
        manager: &Resource,
        engine: &Engine,
        now: Timestamp,
    ) {
        let labels = autoscaler_labels(context.store.project(), autoscaler, manager);
        let record = |name, signal, value| {
            record_autoscaler(context, &labels, name, signal, value, now);
        };
        let policy = engine.policy();
        let count = |count: u32| metrics::Value::Int64(i64::from(count));
        record("recommended_size", None, count(engine.recommended()));
        record("configured_min_size", None, count(policy.min));
        record("configured_max_size", None, count(policy.max));
        let Some(cpu) = policy.cpu else { return };
        let capacity = cpu.target * f64::from(self.sample.serving);
        record(
            "current_utilization",
            Some("cpu"),
            metrics::Value::Double(self.utilization),
        );
        record("capacity", Some("cpu"), metrics::Value::Double(capacity));
    }
}
