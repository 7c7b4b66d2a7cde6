//! The life of one instance, from its creation to its last process.
//!
//! ```text
//! PROVISIONING ── STAGING ── RUNNING ── draining ── STOPPING ── gone
//!      └──────────────── made anew ────────────────────┘
//! ```
//!
//! One task lives it. The task is the only one that changes the instance's entry in the roster and
//! its status in the store, so neither can contradict what really happens.

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    attend::Outcome,
    context::Context,
    launch::{self, Running},
    leaving,
    machine::{CurrentAction, Machine, MachineStatus},
    orders::Orders,
    record::{self},
    version::Version,
};
use crate::{
    clock::Timer,
    resource::{Key, Kind, Resource},
    store::Write,
};

/// One instance, as its task holds it.
pub(super) struct Life {
    pub(super) context: Arc<Context>,
    pub(super) key: Key,
    pub(super) orders: watch::Receiver<Orders>,
    /// The reworks that were carried out.
    pub(super) reworks: u64,
    /// What it is made from.
    pub(super) version: Version,
    /// How often it failed in a row.
    pub(super) failures: u32,
    pub(super) timer: Timer,
}

/// How one passage through life ended.
pub(super) enum End {
    /// It is made anew, as this action.
    Again(CurrentAction),
    Leave,
    Stop,
}

/// Makes an instance: enters it into the roster and lets it live.
pub(super) fn create(context: &Arc<Context>, group: Key, key: Key, version: Version) {
    enter(context, key, Some(group), version);
}

/// Lets an instance that is recorded and of no group live again.
pub(super) fn resume(context: &Arc<Context>, record: &Resource) {
    let template = record::metadata_value(record, "instance-template").unwrap_or_default();
    let version = Version {
        name: None,
        template: template.to_owned(),
    };
    enter(context, record.key.clone(), None, version);
}

fn enter(context: &Arc<Context>, key: Key, group: Option<Key>, version: Version) {
    let machine = Machine {
        key: key.clone(),
        group,
        version: version.clone(),
        status: MachineStatus::Provisioning,
        action: CurrentAction::Creating,
        pid: None,
        listens: None,
        healthy: None,
        created: context.clock.now(),
        running_since: None,
        draining: false,
        log_path: launch::log_path(context, &key),
        last_error: None,
    };
    let life = Life {
        orders: context.roster.enter(machine),
        timer: context.clock.timer(),
        context: Arc::clone(context),
        key,
        reworks: 0,
        version,
        failures: 0,
    };
    context.tasks.spawn(life.run());
}

impl Life {
    async fn run(mut self) {
        let mut action = CurrentAction::Creating;
        loop {
            match self.once(action).await {
                End::Again(next) => action = next,
                End::Leave => return self.bury().await,
                // The record stays for whoever looks; the next start of the cloud replaces it.
                End::Stop => return,
            }
        }
    }

    /// The group that looks after it.
    pub(super) fn group(&self) -> Option<Key> {
        self.orders.borrow().group.clone()
    }

    async fn once(&mut self, action: CurrentAction) -> End {
        if let Some(end) = self.boot(action).await {
            return end;
        }
        if self.context.settings.simulated {
            return self.simulate().await;
        }
        let mut running = match launch::launch(&self.context, &self.key).await {
            Ok(running) => running,
            Err(error) => return self.failed(&error.to_string(), None).await,
        };
        let outcome = self.attend(&mut running).await;
        self.timer.work();
        match outcome {
            Outcome::Died(exit) => self.died(running, exit).await,
            Outcome::Unhealthy => {
                self.log_repair("the autohealing health check failed").await;
                self.retire(running, CurrentAction::Recreating).await;
                self.take_newest_version();
                End::Again(CurrentAction::Recreating)
            }
            Outcome::Again(action) => {
                self.retire(running, action).await;
                End::Again(action)
            }
            Outcome::Preempted => {
                self.end(running).await;
                self.preempted().await
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
        let grace = self.context.settings.grace;
        let second = async {
            if let Some(second) = running.second {
                second.end().await;
            }
        };
        tokio::join!(running.process.terminate(grace), second);
        self.forget_process();
    }

    pub(super) fn forget_process(&self) {
        self.context.roster.set_cpu(&self.key, None);
        self.context.roster.change(&self.key, |machine| {
            machine.pid = None;
            machine.listens = None;
            machine.running_since = None;
        });
    }

    async fn bury(self) {
        debug_assert_eq!(self.key.kind, Kind::Instance);
        let group = self.group();
        let mut writes = vec![Write::Delete(self.key.clone())];
        writes.extend(leaving::forget(&self.key));
        writes.extend(group.map(|group| leaving::forget_name(&group, &self.key.name)));
        if let Err(error) = self.context.store.commit(writes).await {
            tracing::error!(instance = self.key.name, %error, "an instance could not be removed");
        }
        self.context.roster.remove(&self.key);
        if let Err(error) = launch::prune_logs(&self.context) {
            tracing::warn!(%error, "old logs could not be removed");
        }
    }
}
