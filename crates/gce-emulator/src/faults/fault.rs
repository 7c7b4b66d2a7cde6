//! The sorts of faults, and their JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// Calls of the API fail.
    ApiError {
        /// Such as `compute.instanceGroupManagers.resize`; `*` stands for anything.
        #[serde(default = "anything")]
        method: String,
        /// The part of the calls that fails, above 0 and up to 1.
        #[serde(default = "always")]
        rate: f64,
        error: ApiFailure,
    },
    /// Calls of the API are answered late.
    SlowAnswer {
        #[serde(default = "anything")]
        method: String,
        #[serde(default = "always")]
        rate: f64,
        /// In real time.
        delay_ms: u64,
    },
    /// A zone has no machine left for new instances.
    Stockout {
        /// Such as `us-central1-a`; `*` stands for anything.
        zone: String,
    },
    /// The project may have no more than so many instances.
    Quota { instances: usize },
    /// Instances boot so much longer, in seconds of the cloud's clock.
    SlowBoot {
        #[serde(default = "anything")]
        instance: String,
        seconds: u64,
    },
    /// Instances do not come up.
    FailedBoot {
        #[serde(default = "anything")]
        instance: String,
        #[serde(default = "always")]
        rate: f64,
    },
    /// Programs are killed with -9, once each.
    Crash { instance: String },
    /// Instances are taken back as Spot capacity is, once each: their metadata says so first.
    Preemption {
        instance: String,
        /// From the notice to the end, in real seconds.
        #[serde(default = "preemption_notice")]
        notice_sec: u64,
    },
    /// Programs are stopped as they stand: they live, hold their connections and answer nothing.
    Unhealthy { instance: String },
    /// Nothing is heard of the CPU of instances.
    MissingMetrics {
        #[serde(default = "anything")]
        instance: String,
    },
}

/// How a call of the API fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApiFailure {
    /// 429
    TooManyRequests,
    /// 403, and worth another try, as Google's quotas per minute are.
    QuotaExceeded,
    /// 500
    InternalError,
    /// 503
    Unavailable,
    /// No answer for as long as any client waits.
    Timeout,
}

/// A fault with the time that it lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub fault: Fault,
    /// In real time; for good when absent.
    pub lasts: Option<Duration>,
}

/// What a fault can be about.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    Method(&'a str),
    Zone(&'a str),
    Instance(&'a str),
}

fn anything() -> String {
    "*".into()
}

fn always() -> f64 {
    1.0
}

fn preemption_notice() -> u64 {
    30
}

impl Request {
    /// Reads a fault with its optional `durationSec`; else one sentence about what is wrong.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| format!("The fault cannot be read: {error}.");
        let mut value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
        let lasts = value
            .as_object_mut()
            .and_then(|fault| fault.remove("durationSec"));
        let fault: Fault = serde_json::from_value(value).map_err(wrong)?;
        fault.check()?;
        let seconds = |lasts: serde_json::Value| {
            let seconds = lasts
                .as_f64()
                .filter(|seconds| *seconds > 0.0 && *seconds <= 1e6);
            seconds.ok_or("durationSec must be a number of seconds above 0 and up to 1000000.")
        };
        let lasts = lasts.map(seconds).transpose()?;
        Ok(Self {
            fault,
            lasts: lasts.map(Duration::from_secs_f64),
        })
    }
}

impl Fault {
    fn check(&self) -> Result<(), String> {
        let rate = match self {
            Self::ApiError { rate, .. }
            | Self::SlowAnswer { rate, .. }
            | Self::FailedBoot { rate, .. } => *rate,
            _ => 1.0,
        };
        if rate > 0.0 && rate <= 1.0 {
            Ok(())
        } else {
            Err(format!("rate must be above 0 and up to 1, not {rate}."))
        }
    }

    /// Whether the fault is about this, by its pattern.
    pub fn concerns(&self, target: Target<'_>) -> bool {
        match (self, target) {
            (
                Self::ApiError { method, .. } | Self::SlowAnswer { method, .. },
                Target::Method(name),
            ) => matches(method, name),
            (Self::Stockout { zone }, Target::Zone(name)) => matches(zone, name),
            (
                Self::SlowBoot { instance, .. }
                | Self::FailedBoot { instance, .. }
                | Self::Crash { instance }
                | Self::Preemption { instance, .. }
                | Self::Unhealthy { instance }
                | Self::MissingMetrics { instance },
                Target::Instance(name),
            ) => matches(instance, name),
            _ => false,
        }
    }
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, inner)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in inner {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("compute.*.list", "compute.instances.list", true),
            ("compute.*", "logging.entries.list", false),
            ("web-*", "web-", true),
            ("web-1", "web-12", false),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "ab?", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_fault_is_read_with_its_defaults() {
        let read =
            Request::from_json(r#"{"type": "apiError", "error": "unavailable", "durationSec": 2}"#);
        let fault = Fault::ApiError {
            method: "*".into(),
            rate: 1.0,
            error: ApiFailure::Unavailable,
        };
        let lasts = Some(Duration::from_secs(2));
        assert_eq!(read.unwrap(), Request { fault, lasts });
    }

    #[test]
    fn what_is_wrong_with_a_fault_is_said() {
        for (text, word) in [
            (
                r#"{"type": "apiError", "error": "unavailable", "rate": 2}"#,
                "rate",
            ),
            (r#"{"type": "apiError", "error": "bad mood"}"#, "bad mood"),
            (r#"{"type": "crash", "instance": "*", "when": 1}"#, "when"),
            (r#"{"type": "earthquake"}"#, "earthquake"),
            (
                r#"{"type": "quota", "instances": 2, "durationSec": 0}"#,
                "durationSec",
            ),
            ("[]", "read"),
        ] {
            let refusal = Request::from_json(text).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
