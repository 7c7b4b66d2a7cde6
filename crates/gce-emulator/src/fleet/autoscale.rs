//! The autoscaler loop: measures each autoscaled group, asks the engine, and obeys it through the
//! group's target size.

use std::{collections::HashMap, sync::Arc, time::Duration};

use autoscaler::{Policy, Sample, Timestamp};

use super::{
    context::Context,
    holds::{self, Holds},
    machine::Machine,
    published, scaling, signals,
    steering::Steering,
    system_metrics::autoscaler_labels,
};
use crate::resource::{Key, Kind, Resource};

/// How often groups are measured, in real time; also the shortest time between two decisions.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// Runs until the fleet stops.
pub(super) async fn keep(context: Arc<Context>) {
    let mut steered: HashMap<Key, Steering> = HashMap::new();
    let mut timer = context.clock.timer();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = timer.tick(OBSERVE_EVERY) => {}
        }
        let autoscalers = context.store.list(Kind::Autoscaler, None);
        let known = steered.len();
        steered.retain(|key, _| autoscalers.iter().any(|autoscaler| autoscaler.key == *key));
        if steered.len() < known {
            holds::forget(&context, &autoscalers).await;
        }
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
        .is_some_and(|steering| steering.obeys(raw));
    if !known {
        // The API lets only valid policies in; a state file may have been edited by hand.
        let Ok(policy) = autoscaler::validate(raw) else {
            return;
        };
        let learns = if let Some(steering) = steered.get_mut(&autoscaler.key) {
            steering.adopt(policy, raw, now)
        } else {
            let learns = policy.predicts();
            let holds = Holds::resume(&context.store, autoscaler);
            let steering = Steering::new(policy, raw, (now, target_size), holds);
            steered.insert(autoscaler.key.clone(), steering);
            learns
        };
        if let Some(steering) = steered.get_mut(&autoscaler.key).filter(|_| learns) {
            steering.learn(context, autoscaler, now).await;
        }
    }
    let Some(steering) = steered.get_mut(&autoscaler.key) else {
        return;
    };
    let sample = measure(context, &manager, steering.engine().policy(), now);
    steering.observe(now, sample);
    if steering.is_due(now, target_size) {
        steering.decide(context, autoscaler, &manager, now).await;
    }
    let labels = autoscaler_labels(context.store.project(), autoscaler, &manager);
    published::record(context, &labels, steering.engine(), &sample, now);
}

pub(super) fn size_of(manager: &Resource) -> u32 {
    manager
        .number("targetSize")
        .and_then(|size| u32::try_from(size).ok())
        .unwrap_or(0)
}

/// A group at one instant, as its autoscaler sees it.
fn measure(context: &Context, manager: &Resource, policy: &Policy, now: Timestamp) -> Sample {
    let machines = context.roster.machines();
    let members: Vec<_> = machines
        .iter()
        .filter(|machine| machine.group.as_ref() == Some(&manager.key))
        .filter(|machine| !context.roster.is_leaving(&machine.key))
        .collect();
    let measured: Vec<_> = members
        .iter()
        .filter(|machine| machine.is_initialized(now, policy.cool_down))
        .filter_map(|machine| Some((*machine, context.roster.cpu(&machine.key)?)))
        .collect();
    let cpu = autoscaler::mean(measured.iter().map(|(_, cpu)| *cpu));
    let serving: Vec<&Machine> = measured.iter().map(|(machine, _)| *machine).collect();
    let mut sample = Sample::cpu(serving.len() as u32, members.len() as u32, cpu);
    let group = signals::Group {
        context,
        manager,
        serving: &serving,
        now,
    };
    group.complete(policy, &mut sample);
    sample
}
