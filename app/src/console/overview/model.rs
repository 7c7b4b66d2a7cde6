//! What the overview shows.

use serde::{Deserialize, Serialize};

use crate::{console::group::Reading, parts::Trouble, text};

/// All groups of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The cloud's clock when this was read.
    pub now: i64,
    /// One row a group.
    pub groups: Vec<GroupRow>,
    /// Sources that do not answer.
    pub troubles: Vec<Trouble>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Its zone or region.
    pub location: String,
    /// How many instances it should have.
    pub target_size: u32,
    /// How many run.
    pub running: u32,
    /// How many answer their health check.
    pub healthy: Option<u32>,
    /// The policy's minimum and maximum.
    pub bounds: Option<(u32, u32)>,
    /// Mean CPU utilization.
    pub cpu: Option<Reading>,
    /// The utilization that the autoscaler aims at.
    pub cpu_target: Option<f64>,
    /// The last scaling event.
    pub last: Option<LastEvent>,
}

/// What the autoscaler did last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastEvent {
    /// When.
    pub at: i64,
    /// What, in one sentence.
    pub sentence: String,
}

impl GroupRow {
    /// The group's page.
    pub fn path(&self) -> String {
        format!("/admin/groups/{}/{}", self.location, self.name)
    }

    /// `of 2–6`.
    pub fn bounds_text(&self) -> String {
        self.bounds.map_or_else(
            || "no autoscaler".into(),
            |(min, max)| format!("of {}", text::range(min, max)),
        )
    }

    /// `3 of 3 healthy`, or that nobody checks.
    pub fn health_text(&self) -> String {
        self.healthy.map_or_else(
            || "not checked".to_owned(),
            |healthy| format!("{healthy} of {} healthy", self.running),
        )
    }

    /// Whether somebody should look: an instance that runs does not answer.
    pub fn is_unwell(&self) -> bool {
        self.healthy.is_some_and(|healthy| healthy < self.running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(running: u32, healthy: Option<u32>) -> GroupRow {
        GroupRow {
            name: "flaskscale".into(),
            location: "us-central1-a".into(),
            target_size: running,
            running,
            healthy,
            bounds: Some((2, 6)),
            cpu: None,
            cpu_target: None,
            last: None,
        }
    }

    #[test]
    fn a_group_is_unwell_while_an_instance_does_not_answer() {
        assert!(row(3, Some(2)).is_unwell());
        assert!(!row(3, Some(3)).is_unwell());
        assert!(!row(3, None).is_unwell());
    }

    #[test]
    fn a_row_leads_to_its_page() {
        assert_eq!(
            row(2, None).path(),
            "/admin/groups/us-central1-a/flaskscale"
        );
    }
}
