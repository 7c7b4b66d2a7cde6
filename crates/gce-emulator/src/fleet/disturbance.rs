//! What faults do to an instance.

use std::time::Duration;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    audit::{self, location},
    boot::Wait,
    launch::Running,
    leaving,
    life::{End, Life},
    machine::{CurrentAction, MachineStatus},
};
use crate::store::Write;

/// Why no machine is found for an instance, in Google's code and words.
pub(super) struct Refusal {
    code: &'static str,
    message: String,
}

impl Life {
    /// Whether the cloud has no machine for the instance.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let (context, zone) = (&self.context, location(&self.key));
        let faults = &context.settings.faults;
        if faults.is_out_of_stock(zone) {
            let project = context.store.project();
            let message = format!(
                "The zone 'projects/{project}/zones/{zone}' does not have enough resources available \
                 to fulfill the request. Try a different zone, or try again later."
            );
            let code = "ZONE_RESOURCE_POOL_EXHAUSTED";
            return Some(Refusal { code, message });
        }
        let limit = faults.quota()?;
        let machines = context.roster.machines();
        let has_machine = |status| status != MachineStatus::Provisioning;
        let used = machines
            .iter()
            .filter(|machine| has_machine(machine.status))
            .count();
        (used >= limit).then(|| Refusal {
            code: "QUOTA_EXCEEDED",
            message: format!("Quota 'INSTANCES' exceeded. Limit: {limit}.0 in zone {zone}."),
        })
    }

    /// Notes that there is no machine, and tries again later as the same action.
    pub(super) async fn refused(&mut self, refusal: Refusal, action: CurrentAction) -> End {
        self.note(refusal.code, refusal.message);
        // At Google too, attempts become rarer the longer it lasts.
        self.failures = (self.failures + 1).max(2);
        self.pause(Wait::Real(self.backoff()))
            .await
            .unwrap_or(End::Again(action))
    }

    /// Kills, stops or wakes the program as the faults have it. The notice, if the machine is taken
    /// back.
    pub(super) async fn strike(&self, running: &mut Running) -> Option<Duration> {
        let (faults, name) = (&self.context.settings.faults, &self.key.name);
        let pid = self.context.roster.get(&self.key)?.pid?;
        let pid = Pid::from_raw(i32::try_from(pid).ok()?);
        if faults.take_crash(name) {
            // A program that has just ended by itself needs no killing.
            kill(pid, Signal::SIGKILL).ok();
        }
        let frozen = faults.is_unhealthy(name);
        if frozen != running.frozen {
            running.process.freeze(pid, frozen).await;
            running.frozen = frozen;
        }
        faults.take_preemption(name)
    }

    /// Tells the instance that its machine is taken back, and gives it the time that it has.
    pub(super) async fn give_notice(&self, notice: Duration) {
        self.write(vec![leaving::preempts(&self.key)]).await;
        tokio::select! {
            () = tokio::time::sleep(notice) => {}
            () = self.context.stop.cancelled() => {}
        }
    }

    /// After the machine was taken back: the group makes the instance anew, elsewhere.
    pub(super) async fn preempted(&mut self) -> End {
        let store = &self.context.store;
        let now = self.context.clock.now();
        let mut writes = vec![leaving::forget_preemption(&self.key)];
        if let Some(instance) = store.get(&self.key) {
            writes.push(Write::Log(audit::preemption(store, &instance, now)));
        }
        self.write(writes).await;
        if self.context.stop.is_cancelled() {
            End::Stop
        } else if self.group().is_none() {
            self.rest().await
        } else {
            End::Again(CurrentAction::Recreating)
        }
    }

    async fn write(&self, writes: Vec<Write>) {
        if let Err(error) = self.context.store.commit(writes).await {
            tracing::error!(instance = self.key.name, %error, "an event could not be recorded");
        }
    }
}
