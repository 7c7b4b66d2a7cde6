//! One autoscaler: its engine, its policy, and when it last decided.

use std::{sync::Arc, time::Duration};

use autoscaler::{Engine, Policy, Sample, Timestamp};
use serde_json::Value;

use super::{
    autoscale::size_of,
    context::Context,
    holds::Holds,
    scaling::{self, Change},
};
use crate::{metrics::Aggregate, resource::Resource};

/// How often the engine decides, on the cloud's clock. Google says "constantly" and names no
/// period.
const DECIDE_EVERY: Duration = Duration::from_secs(15);

/// What a forecast may be made of; metrics are not kept for longer than a part of it.
const HISTORY_MS: i64 = 21 * 24 * 3_600_000;

pub(super) struct Steering {
    engine: Engine,
    /// The policy as it stands in the store.
    raw: Value,
    decided: Option<(Timestamp, u32)>,
    holds: Holds,
}

impl Steering {
    pub(super) fn new(
        policy: Policy,
        raw: &Value,
        (now, size): (Timestamp, u32),
        holds: Holds,
    ) -> Self {
        let zones = zones::of_policy(&policy, now);
        Self {
            engine: Engine::new(policy, now, size).with_zones(zones),
            raw: raw.clone(),
            decided: None,
            holds,
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether this is the policy in force.
    pub(super) fn obeys(&self, raw: &Value) -> bool {
        self.raw == *raw
    }

    /// Takes a changed policy, and decides by it at once. True when it forecasts and the one before
    /// did not, so that there is something to [learn](Self::learn).
    pub(super) fn adopt(&mut self, policy: Policy, raw: &Value, now: Timestamp) -> bool {
        let learns = policy.predicts() && !self.engine.policy().predicts();
        let zones = zones::of_policy(&policy, now);
        self.engine.set_policy(policy, now);
        self.engine.set_zones(zones);
        self.raw = raw.clone();
        self.decided = None;
        learns
    }

    /// Tells the engine what the group's CPU demand was, from the autoscaler's own series.
    pub(super) async fn learn(&mut self, context: &Context, autoscaler: &Resource, now: Timestamp) {
        let id = autoscaler.id.to_string();
        let demand = context.metrics.select(
            |key| {
                key.metric_type == "autoscaler.googleapis.com/current_utilization"
                    && key.resource_labels.get("autoscaler_id") == Some(&id)
                    && key
                        .metric_labels
                        .get("metric_type")
                        .is_some_and(|of| of == "cpu")
            },
            Timestamp(now.0 - HISTORY_MS),
            now,
        );
        match demand.await {
            Ok(series) => {
                let points = series.iter().flat_map(|series| &series.points);
                let mut demand: Vec<(Timestamp, f64)> = points
                    .filter_map(|point| match &point.value {
                        Aggregate::Numbers(numbers) => Some((point.end, numbers.mean())),
                        Aggregate::Distribution(_) => None,
                    })
                    .collect();
                // It learns in the order of time, and the series come one after the other.
                demand.sort_by_key(|(at, _)| *at);
                for (at, demand) in demand {
                    self.engine.learn(at, demand);
                }
            }
            Err(error) => {
                let autoscaler = &autoscaler.key.name;
                tracing::error!(autoscaler, %error, "its history could not be read for a forecast");
            }
        }
    }

    pub(super) fn observe(&mut self, now: Timestamp, sample: Sample) {
        self.engine.observe(now, sample);
    }

    pub(super) fn is_due(&self, now: Timestamp, target_size: u32) -> bool {
        self.decided
            .is_none_or(|(at, left_at)| now.since(at) >= DECIDE_EVERY || left_at != target_size)
    }

    pub(super) async fn decide(
        &mut self,
        context: &Context,
        autoscaler: &Arc<Resource>,
        manager: &Arc<Resource>,
        now: Timestamp,
    ) {
        let target_size = size_of(manager);
        let decision = self.engine.decide(now, target_size);
        let hold = decision.hold;
        context.set_hold(&autoscaler.key, hold);
        let left_at = decision.resize_to.unwrap_or(target_size);
        let change = Change {
            autoscaler,
            manager,
            policy: self.engine.policy(),
            schedules: scaling::schedule_status(&self.engine, autoscaler),
            decision,
        };
        if !change.apply(context).await {
            return;
        }
        self.decided = Some((now, left_at));
        self.holds
            .take(context, autoscaler, manager, now, hold)
            .await;
    }
}
