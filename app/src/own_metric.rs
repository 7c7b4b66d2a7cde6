//! What each instance measures about itself and writes to Monitoring, for an autoscaler to follow.

use serde::{Deserialize, Serialize};

/// One of the metrics that the program writes about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnMetric {
    /// The share of the instance's memory that is in use.
    Memory,
    /// Requests answered in a second.
    Requests,
    /// Time to the head of the answer.
    Latency,
    /// How long work that is ready waits for a thread.
    QueueTime,
}

impl OwnMetric {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Memory, Self::Requests, Self::Latency, Self::QueueTime];

    /// The metric of a type.
    pub fn of_type(metric: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|one| one.metric_type() == metric)
    }

    /// Its type in Monitoring.
    pub const fn metric_type(self) -> &'static str {
        match self {
            Self::Memory => "custom.googleapis.com/flaskscale/memory_utilization",
            Self::Requests => "custom.googleapis.com/flaskscale/requests_per_second",
            Self::Latency => "custom.googleapis.com/flaskscale/p95_latency",
            Self::QueueTime => "custom.googleapis.com/flaskscale/queue_time",
        }
    }

    /// Its unit as Monitoring writes units (UCUM).
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Memory => "10^2.%",
            Self::Requests => "{request}/s",
            Self::Latency | Self::QueueTime => "ms",
        }
    }

    /// What Monitoring tells whoever looks at the metric.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Memory => "The share of the instance's memory that is in use.",
            Self::Requests => {
                "Requests that the instance answered in a second, without health checks, scrapes and \
                 event streams; the mean of the last minute."
            }
            Self::Latency => {
                "The time within which the instance began to answer 95 of 100 requests, without \
                 health checks, scrapes and event streams; over the last minute, 0 without a request."
            }
            Self::QueueTime => {
                "The time within which 95 of 100 tasks that were ready to run were taken by a thread \
                 of the program, asked ten times a second; over the last minute."
            }
        }
    }
}
