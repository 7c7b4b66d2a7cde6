//! When an instance fails: what is written down, and what becomes of it.

use std::{sync::Arc, time::Duration};

use super::{
    audit,
    boot::Wait,
    groups, launch,
    launch::Running,
    life::{End, Life},
    machine::{CurrentAction, MachineError, MachineStatus},
    plan::Leaving,
};
use crate::{resource::Resource, store::Write, supervise::protocol::Exit};

/// A program that ran so long was no crash on start; its next failure counts as the first.
const RAN_WELL: Duration = Duration::from_mins(1);

/// The first repair is immediate; each further one in a row waits twice as long, up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A program that ends within this time and finds its port taken lost a race for it.
const BIND_RACE: Duration = Duration::from_secs(10);

const INTERNAL_ERROR: &str = "INTERNAL_ERROR";

impl Life {
    pub(super) async fn died(&mut self, running: Running, exit: Exit) -> End {
        let ran = running.started.elapsed();
        let lost_its_port = ran < BIND_RACE && running.port.is_taken();
        drop(running);
        self.forget_process();
        if lost_its_port {
            tracing::info!(
                instance = self.key.name,
                "somebody else took its port; trying another"
            );
            return End::Again(CurrentAction::Recreating);
        }
        if ran >= RAN_WELL {
            self.failures = 0;
        }
        let log = launch::log_path(&self.context, &self.key);
        self.failed(
            &format!("The program ended with {exit}."),
            launch::last_line(&log),
        )
        .await
    }

    /// Notes a failed attempt, and waits if it was not the first in a row.
    pub(super) async fn failed(&mut self, what: &str, last_words: Option<String>) -> End {
        let message = match last_words {
            Some(words) => format!("{what} Its last words: {words}"),
            None => what.to_owned(),
        };
        self.note_error(&message);
        self.take_newest_version();
        self.log_repair(&message).await;
        if !self.is_repaired() {
            return self.rest().await;
        }
        self.failures += 1;
        let wait = self.backoff();
        self.context.roster.change(&self.key, |machine| {
            machine.action = CurrentAction::Recreating;
            machine.status = MachineStatus::Stopping;
        });
        let again = End::Again(CurrentAction::Recreating);
        self.pause(Wait::Real(wait)).await.unwrap_or(again)
    }

    /// How long to wait before the next attempt.
    pub(super) fn backoff(&self) -> Duration {
        match self.failures {
            0 | 1 => Duration::ZERO,
            n => Duration::from_secs(1 << (n - 2).min(6)).min(LONGEST_PAUSE),
        }
    }

    /// Whether somebody makes the instance anew when its program has failed.
    fn is_repaired(&self) -> bool {
        let manager = self
            .group()
            .and_then(|group| self.context.store.get(&group));
        let policy = |manager: Arc<Resource>| {
            let action = manager.text("instanceLifecyclePolicy/defaultActionOnFailure");
            action != Some("DO_NOTHING")
        };
        manager.is_some_and(policy)
    }

    /// Stays as it ended, until it is to leave or to be made anew.
    pub(super) async fn rest(&mut self) -> End {
        self.set_status(MachineStatus::Terminated).await;
        self.context
            .roster
            .settle(&self.key, |machine| machine.action = CurrentAction::None);
        self.timer.rest();
        let reworks = self.reworks;
        let disturbed = self
            .orders
            .wait_for(|orders| orders.leave != Leaving::No || orders.reworks > reworks);
        tokio::select! {
            () = self.context.stop.cancelled() => return End::Stop,
            _ = disturbed => {}
        }
        self.timer.work();
        if self.take_orders() {
            End::Leave
        } else {
            End::Again(CurrentAction::Recreating)
        }
    }

    fn note_error(&self, message: &str) {
        let message = format!("Instance '{}' failed: {message}", self.key.name);
        self.note(INTERNAL_ERROR, message);
    }

    /// Notes why the last attempt to run the instance failed.
    pub(super) fn note(&self, code: &'static str, message: String) {
        let action = match self.context.roster.get(&self.key) {
            Some(machine) if machine.action == CurrentAction::Creating => CurrentAction::Creating,
            _ => CurrentAction::Recreating,
        };
        let error = MachineError {
            at: self.context.clock.now(),
            instance: self.key.clone(),
            group: self.group(),
            action,
            code,
            message,
        };
        self.context.roster.change(&self.key, |machine| {
            machine.last_error = Some(error.clone());
        });
        self.context.note_error(error);
    }

    pub(super) async fn log_repair(&self, why: &str) {
        let store = &self.context.store;
        let Some(instance) = store.get(&self.key) else {
            return;
        };
        let entry = audit::repair(store, &instance, why, self.context.clock.now());
        if let Err(error) = store.commit(vec![Write::Log(entry)]).await {
            tracing::error!(instance = self.key.name, %error, "a repair could not be logged");
        }
    }

    /// A repair gives an instance back as it was, unless its group wants it brought up to date.
    pub(super) fn take_newest_version(&self) {
        let manager = self
            .group()
            .and_then(|group| self.context.store.get(&group));
        let Some(manager) = manager else { return };
        if manager.text("instanceLifecyclePolicy/forceUpdateOnRepair") != Some("YES") {
            return;
        }
        if let Some(version) = groups::intended(&self.context, &manager).get(&self.key) {
            self.context.roster.prepare(&self.key, version);
        }
    }
}
