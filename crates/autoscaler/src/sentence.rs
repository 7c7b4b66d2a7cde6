use std::time::Duration;

use crate::words::{counted, measured_percent, percent};
use crate::{Decision, HoldCause, MetricGoal, Signal, Timestamp};

/// What a one-line status is made of.
///
/// Plain data, so that log, console and history say the same whether they hold a [`Decision`] or
/// what was stored of one. Instants come as text already: this crate knows no time zones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusLine<'a> {
    /// The group's instances.
    pub instances: u32,
    /// Their mean CPU utilization, and the target.
    pub cpu: Option<f64>,
    /// The policy's CPU target.
    pub cpu_target: Option<f64>,
    /// The size that the group is on its way to.
    pub resizing_to: Option<u32>,
    /// Why it is not, if it might be.
    pub hold: Option<HoldLine<'a>>,
}

/// The part of a one-line status about a hold.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldLine<'a> {
    /// Why.
    pub cause: HoldCause,
    /// How long still, as far as that is known.
    pub remaining: Option<Duration>,
    /// When the size was last needed, such as `14:28`.
    pub needed_at: Option<&'a str>,
    /// The size that would be taken otherwise.
    pub wanted: u32,
}

/// "3 instances, CPU 47 % of a 50 % target. Holding for 4 more minutes: load was higher at 14:28."
pub fn status_sentence(line: &StatusLine<'_>) -> String {
    let instances = counted(line.instances, "instance");
    let cpu = match (line.cpu, line.cpu_target) {
        (Some(cpu), Some(target)) => {
            format!(
                "CPU {} of a {} target",
                measured_percent(cpu, target),
                percent(target)
            )
        }
        (Some(cpu), None) => format!("CPU {}", percent(cpu)),
        (None, _) => "no CPU reading".to_owned(),
    };
    match what_next(line) {
        Some(next) => format!("{instances}, {cpu}. {next}"),
        None => format!("{instances}, {cpu}."),
    }
}

fn what_next(line: &StatusLine<'_>) -> Option<String> {
    if let Some(hold) = &line.hold {
        return Some(hold_sentence(hold));
    }
    let size = line.resizing_to.filter(|size| *size != line.instances)?;
    let verb = if size > line.instances {
        "Growing"
    } else {
        "Shrinking"
    };
    Some(format!("{verb} to {size}."))
}

impl Decision {
    /// The [`status_sentence`] of this decision; `clock` writes an instant as people read it.
    pub fn status_sentence(&self, clock: impl Fn(Timestamp) -> String) -> String {
        let needed_at = self.hold.and_then(|hold| hold.needed_at).map(clock);
        let cpu = self.signal(Signal::Cpu).map(|step| {
            let target = match step.goal {
                MetricGoal::Utilization(target) => Some(target),
                MetricGoal::SingleInstanceAssignment(_) => None,
            };
            (step.value(), target)
        });
        status_sentence(&StatusLine {
            instances: self.target_size,
            cpu: cpu.and_then(|(value, _)| value),
            cpu_target: cpu.and_then(|(value, target)| value.and(target)),
            resizing_to: self.resize_to,
            hold: self
                .hold
                .filter(|_| self.resize_to.is_none())
                .map(|hold| HoldLine {
                    cause: hold.cause,
                    remaining: hold.until.map(|until| until.since(self.at)),
                    needed_at: needed_at.as_deref(),
                    wanted: hold.wanted,
                }),
        })
    }
}

fn hold_sentence(hold: &HoldLine<'_>) -> String {
    let holding = match hold.remaining.filter(|remaining| !remaining.is_zero()) {
        Some(remaining) => format!("Holding for {}", remaining_time(remaining)),
        None => "Holding".to_owned(),
    };
    let cause = hold_cause(hold.cause, hold.needed_at, hold.wanted);
    format!("{holding}: {cause}.")
}

/// Why a group is held, as the end of a sentence. `needed_at` says when its size was last needed.
pub(crate) fn hold_cause(cause: HoldCause, needed_at: Option<&str>, wanted: u32) -> String {
    match (cause, needed_at) {
        (HoldCause::Stabilization, Some(at)) => format!("load was higher at {at}"),
        (HoldCause::Stabilization, None) => "load was higher a while ago".to_owned(),
        (HoldCause::ScaleInControl, _) => "the scale-in control lets no more go".to_owned(),
        (HoldCause::Initialization, _) => "new instances are still initializing".to_owned(),
        (HoldCause::Settling, _) => "instances have just left".to_owned(),
        (HoldCause::MissingData, _) => "there is no data, and silence removes nothing".to_owned(),
        (HoldCause::EmptyGroup, _) => {
            "what is measured on instances cannot wake a group without any".to_owned()
        }
        (HoldCause::ModeOff, _) => format!("the mode is OFF, it would be {wanted}"),
        (HoldCause::ModeOnlyScaleOut, _) => {
            format!("the mode is ONLY_SCALE_OUT, it would be {wanted}")
        }
    }
}

/// Rounded up, so that a promise is never broken.
fn remaining_time(remaining: Duration) -> String {
    let seconds = remaining.as_millis().div_ceil(1000);
    let (count, unit) = if seconds < 60 {
        (seconds, "second")
    } else {
        (seconds.div_ceil(60), "minute")
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} more {unit}{plural}")
}
