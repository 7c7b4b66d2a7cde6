//! What the upper part of a group's page shows.

use serde::{Deserialize, Serialize};

use crate::{parts::Trouble, text};

/// A measured value and when it was measured, on the cloud's clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The value.
    pub value: f64,
    /// When.
    pub at: i64,
}

/// From this age on a number says how old it is. Metrics are a minute apart at best.
const WORTH_SAYING_MS: i64 = 90_000;

impl Reading {
    /// `3 min old` where that matters.
    pub fn staleness(&self, now: i64) -> Option<String> {
        let age = now - self.at;
        (age >= WORTH_SAYING_MS).then(|| format!("{} old", text::duration(age)))
    }
}

/// The sentence and the key numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The cloud's clock when this was read.
    pub now: i64,
    /// What a tired person needs to know.
    pub sentence: String,
    /// How many instances the group should have.
    pub target_size: u32,
    /// How many run.
    pub running: u32,
    /// How many answer their health check, where there is one.
    pub healthy: Option<u32>,
    /// The policy's minimum and maximum.
    pub bounds: Option<(u32, u32)>,
    /// Mean CPU utilization, 1.0 = all of the share.
    pub cpu: Option<Reading>,
    /// The utilization that the autoscaler aims at.
    pub cpu_target: Option<f64>,
    /// Requests per second through the load balancer.
    pub requests: Option<Reading>,
    /// 95th percentile of latency in milliseconds.
    pub p95: Option<Reading>,
    /// Sources that do not answer.
    pub troubles: Vec<Trouble>,
}

impl Head {
    /// `of 2–6 instances`, under the size.
    pub fn size_context(&self) -> String {
        match self.bounds {
            Some((min, max)) => format!("of {} instances", text::range(min, max)),
            None => "instances, no autoscaler".to_owned(),
        }
    }

    /// What happens to the size right now, if anything.
    pub fn movement(&self) -> Option<String> {
        match self.target_size.cmp(&self.running) {
            std::cmp::Ordering::Greater => {
                Some(format!("{} starting", self.target_size - self.running))
            }
            std::cmp::Ordering::Less => {
                Some(format!("{} stopping", self.running - self.target_size))
            }
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// A signal, what it measured and what it is steered to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Google's name, as `CPU_UTILIZATION`.
    pub name: String,
    /// The measured value.
    pub value: Option<f64>,
    /// The target.
    pub target: Option<f64>,
}

impl Signal {
    /// `CPU utilization 82 % of a 50 % target`.
    pub fn sentence(&self) -> String {
        let is_cpu = self.name.contains("CPU");
        let show = if is_cpu { text::percent } else { text::decimal };
        let name = if is_cpu {
            "CPU utilization"
        } else {
            &self.name
        };
        match (self.value.map(show), self.target.map(show)) {
            (Some(value), Some(target)) => format!("{name} {value} of a {target} target"),
            (Some(value), None) => format!("{name} {value}"),
            (None, _) => name.to_owned(),
        }
    }
}

/// Why the group has the size that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The cloud's clock when this was read.
    pub now: i64,
    /// What the autoscaler recommends.
    pub recommended: Option<u32>,
    /// `ON`, `OFF` or `ONLY_SCALE_OUT`.
    pub mode: Option<String>,
    /// The reason of the last decision that changed the recommended size.
    pub reason: Option<String>,
    /// When that was.
    pub since: Option<i64>,
    /// The signal that decided.
    pub signal: Option<Signal>,
    /// What kept the size from following the signal.
    pub limit: Option<String>,
    /// What keeps the size, if anything does.
    pub held: Option<Held>,
    /// What would have the group grow and what would have it shrink, each as in `CPU passes 50 %`.
    pub outlook: Option<(String, String)>,
    /// What the autoscaler says about itself.
    pub details: Vec<String>,
}

/// A hold, as facts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Since when, as far as the recorded load tells.
    pub since: Option<i64>,
    /// It may have begun before that.
    pub began_before: bool,
    /// The size that there would be otherwise; `None` while nothing is measured.
    pub wanted: Option<u32>,
    /// When the group may shrink at the earliest.
    pub until: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target_size: u32, running: u32) -> Head {
        Head {
            now: 0,
            sentence: String::new(),
            target_size,
            running,
            healthy: None,
            bounds: Some((2, 6)),
            cpu: None,
            cpu_target: None,
            requests: None,
            p95: None,
            troubles: Vec::new(),
        }
    }

    #[test]
    fn a_size_is_read_within_its_bounds() {
        assert_eq!(head(3, 3).size_context(), "of 2–6 instances");
        assert_eq!(head(3, 3).movement(), None);
    }

    #[test]
    fn a_group_on_its_way_says_where_it_goes() {
        assert_eq!(head(5, 2).movement().as_deref(), Some("3 starting"));
        assert_eq!(head(2, 3).movement().as_deref(), Some("1 stopping"));
    }

    #[test]
    fn a_number_tells_its_age_once_it_is_old() {
        let reading = Reading { value: 0.5, at: 0 };
        assert_eq!(reading.staleness(60_000), None);
        assert_eq!(
            reading.staleness(180_000).as_deref(),
            Some("3\u{202f}min old")
        );
    }

    #[test]
    fn a_signal_reads_as_a_sentence() {
        let signal = Signal {
            name: "CPU_UTILIZATION".into(),
            value: Some(0.82),
            target: Some(0.5),
        };
        assert_eq!(
            signal.sentence(),
            "CPU utilization 82\u{202f}% of a 50\u{202f}% target"
        );
    }
}
