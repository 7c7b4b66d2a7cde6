use std::sync::Arc;

use crate::{
    Author, ChangeError, Charts, Drill, DrillRequest, Error, Fleet, GroupId, HistoryPage,
    HistoryQuery, PolicyChange, PolicyEdit, Settings, Window,
};

/// Reads and steers the fleet of one project. Cloning is cheap, and clones share what was read.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    client: gce::Client,
    settings: Settings,
}

#[expect(clippy::unused_async, clippy::unimplemented, reason = "the signatures come first")]
impl ControlPlane {
    /// Reads nothing yet.
    pub fn new(client: gce::Client, settings: Settings) -> Self {
        Self { client, settings }
    }

    /// The fleet, as fresh as the pace allows. Never fails: what cannot be read is a problem in it.
    pub async fn fleet(&self) -> Arc<Fleet> {
        unimplemented!()
    }

    /// A group's numbers over time.
    pub async fn charts(&self, _group: &GroupId, _window: Window) -> Result<Charts, Error> {
        unimplemented!()
    }

    /// A page of a group's history, newest first.
    pub async fn history(
        &self,
        _group: &GroupId,
        _query: HistoryQuery,
    ) -> Result<HistoryPage, Error> {
        unimplemented!()
    }

    /// Changes the fields of a group's policy that differ from `edit`, provided that the policy is
    /// still the one with the hash `base`.
    pub async fn change_policy(
        &self,
        _author: &Author,
        _group: &GroupId,
        _base: &str,
        _edit: PolicyEdit,
        _note: &str,
    ) -> Result<PolicyChange, ChangeError> {
        unimplemented!()
    }

    /// Starts a drill on an instance of the group.
    pub async fn start_drill(
        &self,
        _author: &Author,
        _group: &GroupId,
        _instance: &str,
        _drill: DrillRequest,
    ) -> Result<Drill, ChangeError> {
        unimplemented!()
    }

    /// Stops the drill of an instance; does nothing if there is none.
    pub async fn stop_drill(
        &self,
        _author: &Author,
        _group: &GroupId,
        _instance: &str,
    ) -> Result<(), ChangeError> {
        unimplemented!()
    }
}
