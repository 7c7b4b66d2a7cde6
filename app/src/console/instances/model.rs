//! What the table of instances shows.

use serde::{Deserialize, Serialize};

use crate::{console::group::Reading, text};

/// One page of a group's instances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceTable {
    /// The cloud's clock when this was read.
    pub now: i64,
    /// `zone/name` or `region/name` of the group.
    pub group: String,
    /// The instances of this page.
    pub rows: Vec<InstanceRow>,
    /// Number of this page, from 1.
    pub page: u32,
    /// How many pages there are, at least 1.
    pub pages: u32,
    /// How many instances there are.
    pub total: u32,
    /// Whether whoever looks may start drills here.
    pub may_drill: bool,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceRow {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// Google's status, as `RUNNING`.
    pub status: String,
    /// What the group is doing with it, as `NONE` or `CREATING`.
    pub action: String,
    /// Google's health state, as `HEALTHY`, where there is a health check.
    pub health: Option<String>,
    /// CPU time over its share; above 1.0 it bursts.
    pub cpu: Option<Reading>,
    /// When it was created, on the cloud's clock.
    pub created: Option<i64>,
    /// The drill that runs on it.
    pub drill: Option<DrillRow>,
}

/// A drill that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillRow {
    /// Multiple of the instance's share that it burns.
    pub load: f64,
    /// When it stops by itself, on the cloud's clock.
    pub until: i64,
    /// Who started it.
    pub by: String,
}

impl InstanceRow {
    /// A colour for its state: `ok`, `warn` or `idle`.
    pub fn tone(&self) -> &'static str {
        match (self.status.as_str(), self.health.as_deref()) {
            ("RUNNING", None | Some("HEALTHY")) => "ok",
            ("RUNNING", _) => "warn",
            _ => "idle",
        }
    }

    /// The current action in words, empty when nothing happens.
    pub fn action_text(&self) -> String {
        if self.action == "NONE" {
            String::new()
        } else {
            words(&self.action)
        }
    }

    /// The status in words.
    pub fn status_text(&self) -> String {
        words(&self.status)
    }

    /// The health in words.
    pub fn health_text(&self) -> String {
        self.health.as_deref().map_or_else(|| "–".to_owned(), words)
    }
}

impl DrillRow {
    /// `burns 2.2 × its share, 40 s left, by admin`.
    pub fn sentence(&self, now: i64) -> String {
        let left = text::duration(self.until - now);
        format!(
            "burns {} × its share, {left} left, started by {}",
            self.load, self.by
        )
    }
}

/// Google's `UPPER_CASE` as a person writes it: `Upper case`.
fn words(constant: &str) -> String {
    let lower = constant.replace('_', " ").to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(status: &str, health: Option<&str>) -> InstanceRow {
        InstanceRow {
            name: "flaskscale-x7f2".into(),
            zone: "us-central1-a".into(),
            status: status.into(),
            action: "NONE".into(),
            health: health.map(Into::into),
            cpu: None,
            created: None,
            drill: None,
        }
    }

    #[test]
    fn an_instance_that_runs_but_does_not_answer_stands_out() {
        assert_eq!(row("RUNNING", Some("HEALTHY")).tone(), "ok");
        assert_eq!(row("RUNNING", Some("UNHEALTHY")).tone(), "warn");
        assert_eq!(row("STAGING", None).tone(), "idle");
    }

    #[test]
    fn constants_read_as_words_and_no_action_as_nothing() {
        let mut row = row("RUNNING", Some("HEALTHY"));
        assert_eq!(row.status_text(), "Running");
        assert_eq!(row.action_text(), "");
        row.action = "CREATING_WITHOUT_RETRIES".into();
        assert_eq!(row.action_text(), "Creating without retries");
    }

    #[test]
    fn a_drill_says_how_long_it_lasts_and_who_started_it() {
        let drill = DrillRow {
            load: 2.2,
            until: 40_000,
            by: "admin".into(),
        };
        assert_eq!(
            drill.sentence(0),
            "burns 2.2 × its share, 40\u{202f}s left, started by admin"
        );
    }
}
