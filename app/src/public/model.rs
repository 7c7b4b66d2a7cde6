//! What a visitor may know: counts and a zone, nothing else.

/// The live proof on the public page.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicStatus {
    /// The instance that wrote this.
    pub served_by: String,
    /// Its zone.
    pub zone: String,
    /// How the group is, where somebody knows.
    pub fleet: Option<FleetCounts>,
}

/// Counts of the instance's own group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FleetCounts {
    /// Instances that run.
    pub running: u32,
    /// The most instances that the policy allows.
    pub maximum: u32,
    /// Mean CPU utilization, 1.0 = all of the share.
    pub cpu: Option<f64>,
    /// The utilization that the autoscaler aims at.
    pub target: Option<f64>,
}

impl PublicStatus {
    /// [`FleetCounts::sentence`], or that there are no numbers.
    pub fn sentence(&self) -> &'static str {
        self.fleet
            .map_or("The group's numbers are not available right now.", |f| {
                f.sentence()
            })
    }
}

impl FleetCounts {
    /// What is going on, in a sentence for somebody who has never heard of autoscaling.
    pub fn sentence(&self) -> &'static str {
        match (self.cpu, self.target) {
            (Some(cpu), Some(target)) if cpu > target && self.running < self.maximum => {
                "More load than planned for: the group is about to grow."
            }
            (Some(cpu), Some(target)) if cpu > target => {
                "Busy, and already at the most instances allowed."
            }
            (Some(cpu), Some(target)) if cpu < target / 2.0 => {
                "Quiet: the group keeps as few instances as it may."
            }
            (Some(_), Some(_)) => "Enough instances for the load there is.",
            _ => "Waiting for the first measurement.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(running: u32, cpu: Option<f64>) -> FleetCounts {
        FleetCounts {
            running,
            maximum: 6,
            cpu,
            target: Some(0.5),
        }
    }

    #[test]
    fn the_sentence_follows_load_and_room() {
        assert!(counts(2, Some(0.9)).sentence().contains("grow"));
        assert!(counts(6, Some(0.9)).sentence().contains("already"));
        assert!(counts(2, Some(0.1)).sentence().starts_with("Quiet"));
        assert!(counts(3, Some(0.4)).sentence().starts_with("Enough"));
        assert!(counts(2, None).sentence().starts_with("Waiting"));
    }
}
