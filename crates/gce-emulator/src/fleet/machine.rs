//! One instance as the rest of the cloud sees it.

use std::{fmt, path::PathBuf, time::Duration};

use autoscaler::Timestamp;

use super::version::Version;
use crate::{resource::Key, routing::Listens};

/// Google's `instanceStatus`, as far as our instances get into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineStatus {
    /// Resources are being found for it.
    Provisioning,
    /// It is being made ready to boot.
    Staging,
    /// Its program runs.
    Running,
    /// Its program was told to end.
    Stopping,
    /// Its program has ended, and nobody starts it again.
    Terminated,
}

impl MachineStatus {
    /// The name at Google.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Staging => "STAGING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Terminated => "TERMINATED",
        }
    }
}

impl fmt::Display for MachineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the group is doing with an instance: Google's `currentAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurrentAction {
    None,
    Creating,
    Recreating,
    /// It is stopped and started.
    Restarting,
    /// Its metadata and labels are brought up to date while it runs.
    Refreshing,
    Deleting,
    /// It runs, and the autohealing check has not found it healthy yet.
    Verifying,
}

impl CurrentAction {
    /// The name at Google.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Creating => "CREATING",
            Self::Recreating => "RECREATING",
            Self::Restarting => "RESTARTING",
            Self::Refreshing => "REFRESHING",
            Self::Deleting => "DELETING",
            Self::Verifying => "VERIFYING",
        }
    }

    /// Whether the instance is being taken out of service.
    pub const fn is_disruptive(self) -> bool {
        matches!(self, Self::Recreating | Self::Restarting | Self::Deleting)
    }
}

impl fmt::Display for CurrentAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One instance: what it is, and how far its life has got.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Of kind `Instance`.
    pub key: Key,
    /// The group that looks after it, of kind `InstanceGroupManager`.
    pub group: Option<Key>,
    /// What it was made from.
    pub version: Version,
    pub status: MachineStatus,
    pub action: CurrentAction,
    /// The process of its program, which also leads the program's process group.
    pub pid: Option<u32>,
    /// Where its programs listen, from their start to their end.
    pub listens: Option<Listens>,
    /// What the autohealing check says. `None` without such a check, or before its first verdict.
    pub healthy: Option<bool>,
    pub created: Timestamp,
    /// Since when its program runs.
    pub running_since: Option<Timestamp>,
    /// It leaves: it may finish what it has begun and gets nothing new.
    pub draining: bool,
    /// Where its program's output goes.
    pub log_path: PathBuf,
    /// Why the last attempt to run it failed, if it did.
    pub last_error: Option<MachineError>,
}

/// A failed attempt to run an instance, for `lastAttempt` and `listErrors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineError {
    pub at: Timestamp,
    pub instance: Key,
    pub group: Option<Key>,
    /// The action that failed.
    pub action: CurrentAction,
    /// For example `INTERNAL_ERROR`.
    pub code: &'static str,
    pub message: String,
}

impl Machine {
    /// Whether its program has run for at least the initialization period.
    pub fn is_initialized(&self, now: Timestamp, period: Duration) -> bool {
        self.is_serving()
            && self
                .running_since
                .is_some_and(|since| now.since(since) >= period)
    }

    /// Whether it runs and is to stay.
    pub fn is_serving(&self) -> bool {
        self.status == MachineStatus::Running && !self.draining
    }

    /// Whether the group is getting rid of it.
    pub fn is_leaving(&self) -> bool {
        self.action == CurrentAction::Deleting
    }
}
