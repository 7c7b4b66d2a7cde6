//! From an order to make an instance to a machine on which its program can start.

use std::time::Duration;

use super::{
    life::{End, Life},
    machine::{CurrentAction, MachineStatus},
    plan::Leaving,
    record::{self, Origin},
};
use crate::store::Write;

/// How long the cloud takes, on its clock.
const PROVISIONING: Duration = Duration::from_secs(4);
const STAGING: Duration = Duration::from_secs(6);

/// How long to wait.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    /// On the cloud's clock.
    Cloud(Duration),
    /// In real time, while the clock runs.
    Real(Duration),
}

impl Life {
    /// The waits of the cloud before a program runs. A restart needs no machine to be found.
    pub(super) async fn boot(&mut self, action: CurrentAction) -> Option<End> {
        self.take_orders();
        let restarts = action == CurrentAction::Restarting;
        let first = if restarts {
            MachineStatus::Staging
        } else {
            MachineStatus::Provisioning
        };
        self.context.roster.change(&self.key, |machine| {
            machine.version.clone_from(&self.version);
            machine.status = first;
            machine.action = action;
            if !restarts {
                machine.created = self.context.clock.now();
            }
            machine.running_since = None;
            machine.healthy = None;
            machine.draining = false;
        });
        self.record().await;
        if !restarts {
            if let Some(end) = self.pause(Wait::Cloud(PROVISIONING)).await {
                return Some(end);
            }
            if let Some(refusal) = self.refusal() {
                return Some(self.refused(refusal, action).await);
            }
        }
        self.set_status(MachineStatus::Staging).await;
        let faults = &self.context.settings.faults;
        let staging = STAGING + faults.slow_boot(&self.key.name);
        let end = self.pause(Wait::Cloud(staging)).await;
        if end.is_none() && self.context.settings.faults.fails_to_boot(&self.key.name) {
            return Some(self.failed("The machine did not come up.", None).await);
        }
        end
    }

    /// Writes the instance down as it is about to be. One that a group has let go stays as it was.
    async fn record(&self) {
        let Some(group) = self.group() else {
            return self.set_status(MachineStatus::Provisioning).await;
        };
        let origin = Origin {
            group,
            template: self.version.template.clone(),
        };
        let store = &self.context.store;
        let record = record::instance(store, &self.key, &origin, self.context.clock.now());
        if let Err(error) = store.commit(vec![Write::Put(record)]).await {
            tracing::error!(instance = self.key.name, %error, "an instance could not be recorded");
        }
    }

    /// Waits, unless the instance is to end or to be made from something else meanwhile. Any other
    /// rework is carried out by what is under way.
    pub(super) async fn pause(&mut self, wait: Wait) -> Option<End> {
        let version = self.version.clone();
        let disturbed = self
            .orders
            .wait_for(|orders| orders.leave != Leaving::No || orders.version != version);
        let timer = &mut self.timer;
        let over = async {
            match wait {
                Wait::Cloud(time) => timer.sleep(time).await,
                Wait::Real(time) => timer.tick(time).await,
            }
        };
        tokio::select! {
            () = over => {}
            () = self.context.stop.cancelled() => return Some(End::Stop),
            _ = disturbed => {}
        }
        let leaves = self.take_orders();
        if leaves {
            Some(End::Leave)
        } else if self.version == version {
            None
        } else {
            Some(End::Again(CurrentAction::Recreating))
        }
    }

    /// Takes note of what was ordered so far, which is thereby as good as done: true when that is
    /// to leave.
    pub(super) fn take_orders(&mut self) -> bool {
        let orders = self.orders.borrow_and_update().clone();
        self.reworks = orders.reworks;
        self.version = orders.version;
        self.context.roster.carried_out(&self.key, self.reworks);
        orders.leave != Leaving::No
    }
}
