//! The life of one instance, from its creation to its last process.
//!
//! ```text
//! PROVISIONING ── STAGING ── RUNNING ── draining ── STOPPING ── gone
//!      └──────────────── made anew ────────────────────┘
//! ```
//!
//! One task lives it. The task is the only one that changes the instance's entry in the roster and
//! its status in the store, so neither can contradict what really happens.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    attend::Outcome,
    audit,
    context::Context,
    launch::{self, Running},
    leaving,
    machine::{CurrentAction, Machine, MachineError, MachineStatus},
    record::{self, Origin},
    roster::Orders,
};
use crate::{
    resource::{Key, Kind},
    store::Write,
    supervise::protocol::Exit,
};

/// How long the cloud takes, on its clock.
const PROVISIONING: Duration = Duration::from_secs(4);
const STAGING: Duration = Duration::from_secs(6);

/// A program that ran so long was no crash on start; its next failure counts as the first.
const RAN_WELL: Duration = Duration::from_mins(1);

/// The first repair is immediate; each further one in a row waits twice as long, up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A program that ends within this time and finds its port taken lost a race for it.
const BIND_RACE: Duration = Duration::from_secs(10);

/// One instance, as its task holds it.
pub(super) struct Life {
    pub(super) context: Arc<Context>,
    pub(super) key: Key,
    pub(super) group: Key,
    pub(super) orders: watch::Receiver<Orders>,
    /// The orders to make it anew that were carried out.
    pub(super) recreations: u64,
    failures: u32,
}

/// How one passage through life ended.
pub(super) enum End {
    Again,
    Leave,
    Stop,
}

/// Makes an instance: enters it into the roster and lets it live.
pub(super) fn create(context: &Arc<Context>, group: Key, key: Key) {
    let machine = Machine {
        key: key.clone(),
        group: Some(group.clone()),
        template: template_of(context, &group),
        status: MachineStatus::Provisioning,
        action: CurrentAction::Creating,
        pid: None,
        addr: None,
        healthy: None,
        created: context.clock.now(),
        running_since: None,
        draining: false,
        log_path: launch::log_path(context, &key),
        last_error: None,
    };
    let orders = context.roster.enter(machine);
    let context_of_life = Arc::clone(context);
    let life = Life {
        context: context_of_life,
        key,
        group,
        orders,
        recreations: 0,
        failures: 0,
    };
    context.tasks.spawn(life.run());
}

fn template_of(context: &Context, group: &Key) -> String {
    let manager = context.store.get(group);
    manager
        .and_then(|manager| manager.text("instanceTemplate").map(String::from))
        .unwrap_or_default()
}

impl Life {
    async fn run(mut self) {
        let mut action = CurrentAction::Creating;
        loop {
            match self.once(action).await {
                End::Again => action = CurrentAction::Recreating,
                End::Leave => return self.bury().await,
                // The record stays for whoever looks; the next start of the cloud replaces it.
                End::Stop => return,
            }
        }
    }

    async fn once(&mut self, action: CurrentAction) -> End {
        if let Some(end) = self.boot(action).await {
            return end;
        }
        let mut running = match launch::launch(&self.context, &self.key) {
            Ok(running) => running,
            Err(error) => return self.failed(&error.to_string(), None).await,
        };
        match self.attend(&mut running).await {
            Outcome::Died(exit) => self.died(running, exit).await,
            Outcome::Unhealthy => {
                self.log_repair("the autohealing health check failed").await;
                self.retire(running, CurrentAction::Recreating).await;
                End::Again
            }
            Outcome::Recreate => {
                self.retire(running, CurrentAction::Recreating).await;
                End::Again
            }
            Outcome::Leave => {
                self.retire(running, CurrentAction::Deleting).await;
                End::Leave
            }
            Outcome::Stop => {
                self.end(running).await;
                End::Stop
            }
        }
    }

    /// The waits of the cloud before a program runs.
    async fn boot(&mut self, action: CurrentAction) -> Option<End> {
        let template = template_of(&self.context, &self.group);
        self.context.roster.change(&self.key, |machine| {
            machine.template.clone_from(&template);
            machine.status = MachineStatus::Provisioning;
            machine.action = action;
            machine.created = self.context.clock.now();
            machine.running_since = None;
            machine.healthy = None;
            machine.draining = false;
        });
        let origin = Origin {
            group: self.group.clone(),
            template,
        };
        let store = &self.context.store;
        let record = record::instance(store, &self.key, &origin, self.context.clock.now());
        if let Err(error) = store.commit(vec![Write::Put(record)]).await {
            tracing::error!(instance = self.key.name, %error, "an instance could not be recorded");
        }
        let clock = self.context.clock.clone();
        if let Some(end) = self.pause(clock.real(PROVISIONING)).await {
            return Some(end);
        }
        self.set_status(MachineStatus::Staging).await;
        self.pause(clock.real(STAGING)).await
    }

    /// Waits, unless the instance is to end meanwhile. An order to make it anew is carried out by
    /// what is under way.
    async fn pause(&mut self, time: Duration) -> Option<End> {
        let leave = self.orders.wait_for(|orders| orders.leave);
        let end = tokio::select! {
            () = tokio::time::sleep(time) => None,
            () = self.context.stop.cancelled() => Some(End::Stop),
            _ = leave => Some(End::Leave),
        };
        self.recreations = self.orders.borrow_and_update().recreations;
        end
    }

    /// Shows a status in the store and in the roster.
    pub(super) async fn set_status(&self, status: MachineStatus) {
        self.context
            .roster
            .change(&self.key, |machine| machine.status = status);
        let shown = serde_json::json!(status.as_str());
        let update = self.context.store.update(&self.key, move |body| {
            body.insert("status".into(), shown);
        });
        if let Err(error) = update.await {
            tracing::error!(instance = self.key.name, %error, "a status could not be recorded");
        }
    }

    async fn died(&mut self, running: Running, exit: Exit) -> End {
        let ran = running.started.elapsed();
        let lost_its_port = ran < BIND_RACE && running.port.is_taken();
        drop(running);
        self.forget_process();
        if lost_its_port {
            tracing::info!(
                instance = self.key.name,
                "somebody else took its port; trying another"
            );
            return End::Again;
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
    async fn failed(&mut self, what: &str, last_words: Option<String>) -> End {
        let message = match last_words {
            Some(words) => format!("{what} Its last words: {words}"),
            None => what.to_owned(),
        };
        self.note_error(&message);
        self.log_repair(&message).await;
        self.failures += 1;
        let wait = match self.failures {
            0 | 1 => Duration::ZERO,
            n => Duration::from_secs(1 << (n - 2).min(6)).min(LONGEST_PAUSE),
        };
        self.context.roster.change(&self.key, |machine| {
            machine.action = CurrentAction::Recreating;
            machine.status = MachineStatus::Stopping;
        });
        self.pause(wait).await.unwrap_or(End::Again)
    }

    fn note_error(&self, message: &str) {
        let action = match self.context.roster.get(&self.key) {
            Some(machine) if machine.action == CurrentAction::Creating => CurrentAction::Creating,
            _ => CurrentAction::Recreating,
        };
        let error = MachineError {
            at: self.context.clock.now(),
            instance: self.key.clone(),
            group: Some(self.group.clone()),
            action,
            code: "INTERNAL_ERROR",
            message: format!("Instance '{}' failed: {message}", self.key.name),
        };
        self.context.roster.change(&self.key, |machine| {
            machine.last_error = Some(error.clone());
        });
        self.context.note_error(error);
    }

    async fn log_repair(&self, why: &str) {
        let store = &self.context.store;
        let Some(instance) = store.get(&self.key) else {
            return;
        };
        let entry = audit::repair(store, &instance, why, self.context.clock.now());
        if let Err(error) = store.commit(vec![Write::Log(entry)]).await {
            tracing::error!(instance = self.key.name, %error, "a repair could not be logged");
        }
    }

    /// Out of service, then TERM, grace, KILL.
    async fn retire(&mut self, mut running: Running, action: CurrentAction) {
        self.context
            .roster
            .change(&self.key, |machine| machine.action = action);
        self.drain(&mut running).await;
        self.end(running).await;
    }

    async fn end(&mut self, running: Running) {
        self.context
            .roster
            .change(&self.key, |machine| machine.draining = true);
        self.set_status(MachineStatus::Stopping).await;
        running.process.terminate(self.context.settings.grace).await;
        self.forget_process();
    }

    fn forget_process(&self) {
        self.context.roster.set_cpu(&self.key, None);
        self.context.roster.change(&self.key, |machine| {
            machine.pid = None;
            machine.addr = None;
            machine.running_since = None;
        });
    }

    async fn bury(self) {
        debug_assert_eq!(self.key.kind, Kind::Instance);
        if let Err(error) = self
            .context
            .store
            .commit(vec![
                Write::Delete(self.key.clone()),
                leaving::forget(&self.key),
            ])
            .await
        {
            tracing::error!(instance = self.key.name, %error, "an instance could not be removed");
        }
        self.context.roster.remove(&self.key);
        if let Err(error) = launch::prune_logs(&self.context) {
            tracing::warn!(%error, "old logs could not be removed");
        }
    }
}
