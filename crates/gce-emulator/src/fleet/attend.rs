//! While the program of an instance runs.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    drill,
    launch::Running,
    life::Life,
    machine::{CurrentAction, MachineStatus},
    orders::Rework,
    plan::Leaving,
    record, system_metrics,
    version::Version,
};
use crate::{
    resource::Key,
    routing,
    supervise::protocol::{Event, Exit},
};

/// How often what cannot wake us is looked at: health, drills, requests in flight.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why an instance does not run any longer.
pub(super) enum Outcome {
    Died(Exit),
    Unhealthy,
    /// It is to be made anew, as this action.
    Again(CurrentAction),
    /// Its machine is taken back.
    Preempted,
    Leave,
    Stop,
}

impl Life {
    /// Runs until the program died or somebody wants its end.
    pub(super) async fn attend(&mut self, running: &mut Running) -> Outcome {
        let context = Arc::clone(&self.context);
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = running.process.event() => match event {
                    Event::Started { pid } => {
                        self.started(running, pid).await;
                        // From here on it is the program that does something, not the cloud.
                        self.timer.rest();
                    }
                    Event::Cpu { used_ns, at_ns } => self.measured(running, used_ns, at_ns),
                    Event::Exited { status } => return Outcome::Died(status),
                },
                () = context.stop.cancelled() => return Outcome::Stop,
                _ = self.orders.changed() => {
                    if let Some(outcome) = self.obey().await {
                        return outcome;
                    }
                }
                _ = looks.tick() => {
                    if self.is_to_be_healed() {
                        return Outcome::Unhealthy;
                    }
                    drill::follow(&context, &self.key, running).await;
                    if let Some(notice) = self.strike(running).await {
                        self.give_notice(notice).await;
                        return Outcome::Preempted;
                    }
                }
            }
        }
    }

    /// Does what was ordered, or tells why the program must end for it.
    pub(super) async fn obey(&mut self) -> Option<Outcome> {
        let orders = self.orders.borrow_and_update().clone();
        if orders.leave != Leaving::No {
            return Some(Outcome::Leave);
        }
        if orders.reworks == self.reworks {
            return None;
        }
        match orders.rework {
            Rework::Restart => return Some(Outcome::Again(CurrentAction::Restarting)),
            Rework::Recreate => return Some(Outcome::Again(CurrentAction::Recreating)),
            Rework::Relabel => {}
            Rework::Refresh => self.refresh(&orders.version).await,
        }
        (self.reworks, self.version) = (orders.reworks, orders.version);
        let (roster, version) = (&self.context.roster, self.version.clone());
        roster.carried_out(&self.key, self.reworks);
        roster.change(&self.key, |machine| machine.version = version);
        roster.settle(&self.key, |machine| {
            if machine.action == CurrentAction::Refreshing {
                machine.action = CurrentAction::None;
            }
        });
        None
    }

    /// Gives the running instance what its new template says of metadata, labels and tags.
    async fn refresh(&self, version: &Version) {
        let store = &self.context.store;
        let template = Key::from_url(&version.template).and_then(|key| store.get(&key));
        let Some(template) = template else { return };
        let update = store.update(&self.key, move |body| record::refresh(body, &template));
        if let Err(error) = update.await {
            tracing::error!(instance = self.key.name, %error, "an instance could not be refreshed");
        }
    }

    async fn started(&self, running: &Running, pid: i32) {
        let verify = self.autohealing_delay().is_some();
        let now = self.context.clock.now();
        self.context.roster.change(&self.key, |machine| {
            machine.pid = u32::try_from(pid).ok();
            machine.listens = Some(running.listens());
            machine.running_since = Some(now);
        });
        self.context.roster.settle(&self.key, |machine| {
            machine.action = if verify {
                CurrentAction::Verifying
            } else {
                CurrentAction::None
            };
        });
        self.set_status(MachineStatus::Running).await;
    }

    fn measured(&self, running: &mut Running, used_ns: u64, at_ns: u64) {
        if self.context.settings.faults.hides_metrics(&self.key.name) {
            return self.context.roster.set_cpu(&self.key, None);
        }
        let now = self.context.clock.now();
        let Some(utilization) = running.cpu.report(now, used_ns, at_ns) else {
            return;
        };
        self.context
            .roster
            .set_cpu(&self.key, running.cpu.mean(now));
        let Some(instance) = self.context.store.get(&self.key) else {
            return;
        };
        let series = system_metrics::Instance {
            resource: &instance,
            group: self.group(),
            cores: running.cores,
            utilization,
        };
        series.record(&self.context, now);
    }

    /// True when the instance failed its autohealing check for good.
    fn is_to_be_healed(&self) -> bool {
        let Some(delay) = self.autohealing_delay() else {
            return false;
        };
        let Some(machine) = self.context.roster.get(&self.key) else {
            return false;
        };
        if machine.healthy == Some(true) && machine.action == CurrentAction::Verifying {
            self.context
                .roster
                .settle(&self.key, |machine| machine.action = CurrentAction::None);
        }
        // The first good verdict ends the delay: from then on a bad one counts.
        let verified = machine.action == CurrentAction::None;
        let now = self.context.clock.now();
        let patient = machine
            .running_since
            .is_none_or(|since| now.since(since) < delay);
        machine.healthy == Some(false) && (verified || !patient) && self.heals()
    }

    /// Whether the group repairs what fails its check, or only shows it.
    fn heals(&self) -> bool {
        let manager = self
            .group()
            .and_then(|group| self.context.store.get(&group));
        let Some(manager) = manager else { return false };
        let policy = |field: &str| manager.text(&format!("instanceLifecyclePolicy/{field}"));
        let action = policy("onFailedHealthCheck").filter(|action| *action != "DEFAULT_ACTION");
        action.or_else(|| policy("defaultActionOnFailure")) != Some("DO_NOTHING")
    }

    /// How long the group's autohealing policy waits for a first good verdict, if it has a policy.
    fn autohealing_delay(&self) -> Option<Duration> {
        let manager = self.context.store.get(&self.group()?)?;
        manager.reference("autoHealingPolicies/0/healthCheck")?;
        let seconds = manager
            .number("autoHealingPolicies/0/initialDelaySec")
            .unwrap_or(0);
        Some(Duration::from_secs(seconds.max(0) as u64))
    }

    /// Waits until no request is in flight, or the draining time-out.
    pub(super) async fn drain(&mut self, running: &mut Running) {
        let context = Arc::clone(&self.context);
        context
            .roster
            .change(&self.key, |machine| machine.draining = true);
        let Some(group) = self.group() else { return };
        let timeout = routing::draining_timeout(&context.store, &group);
        if timeout.is_zero() {
            return;
        }
        context.surroundings.route(&context.roster.machines());
        let until = Instant::now() + timeout;
        // The balancer knows by now, so "none in flight" stays true.
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                event = running.process.event() => match event {
                    Event::Exited { .. } => return,
                    Event::Cpu { used_ns, at_ns } => self.measured(running, used_ns, at_ns),
                    Event::Started { .. } => {}
                },
                () = context.stop.cancelled() => return,
                _ = looks.tick() => {
                    let busy = context.surroundings.in_flight(&self.key.name) > 0;
                    if !busy || Instant::now() >= until {
                        return;
                    }
                }
            }
        }
    }
}
