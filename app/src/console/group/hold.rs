//! Why a group keeps a size that its load alone would not need any more.
//!
//! Google says what it recommends, not what it remembers. A recommendation above what the load of
//! this moment needs is the stabilization period at work, and the recorded load says since when.
//! Only CPU is at hand here, so a policy with other signals or schedules gets no such guess: one of
//! them may need the size.

use autoscaler::{HoldCause, HoldLine, Mode, Policy, Timestamp, size_for};
use control_plane::{Charts, Group};

/// What a hold is about, and until when it lasts as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hold {
    cause: HoldCause,
    wanted: u32,
    /// When the load last needed the present size.
    needed_at: Option<Timestamp>,
}

impl Hold {
    /// Why `group` is not on its way to another size, if its load or its mode would have it there.
    pub(super) fn of(group: &Group) -> Option<Self> {
        let policy = &group.autoscaler.as_ref()?.policy;
        let recommended = group.recommended?;
        let hold = |cause, wanted| {
            Some(Self {
                cause,
                wanted,
                needed_at: None,
            })
        };
        match policy.mode {
            Mode::Off if recommended != group.target_size => hold(HoldCause::ModeOff, recommended),
            Mode::OnlyScaleOut if recommended < group.target_size => {
                hold(HoldCause::ModeOnlyScaleOut, recommended)
            }
            _ => {
                is_on_cpu_alone(policy).then_some(())?;
                let needed = needed(policy, group.running, group.cpu?.value)?;
                (needed < recommended).then_some(())?;
                hold(HoldCause::Stabilization, needed)
            }
        }
    }

    /// Whether the recorded load can say since when.
    pub(super) fn remembers(&self) -> bool {
        self.cause == HoldCause::Stabilization
    }

    /// The same hold with its beginning, read from `charts`.
    pub(super) fn since(self, group: &Group, charts: &Charts) -> Self {
        let needed_at = group
            .autoscaler
            .as_ref()
            .zip(group.recommended)
            .and_then(|(autoscaler, size)| last_needed(&autoscaler.policy, size, charts));
        Self { needed_at, ..self }
    }

    /// The hold as a part of the status sentence; `clock` is [`Hold::clock`].
    pub(super) fn line<'a>(
        &self,
        policy: &Policy,
        now: i64,
        clock: Option<&'a str>,
    ) -> HoldLine<'a> {
        let until = self.needed_at.map(|at| at.after(policy.stabilization));
        HoldLine {
            cause: self.cause,
            remaining: until.map(|until| until.since(Timestamp(now))),
            needed_at: clock,
            wanted: self.wanted,
        }
    }

    /// When the size was last needed, as `14:28`.
    pub(super) fn clock(&self) -> Option<String> {
        self.needed_at
            .map(|at| crate::text::clock_time(at.0).chars().take(5).collect())
    }
}

fn is_on_cpu_alone(policy: &Policy) -> bool {
    policy.load_balancing.is_none()
        && policy.metrics.is_empty()
        && policy.schedules.is_empty()
        && !policy.predicts()
}

/// The last moment at which the recorded load needed `size` instances.
fn last_needed(policy: &Policy, size: u32, charts: &Charts) -> Option<Timestamp> {
    charts.cpu.iter().rev().find_map(|(at, cpu)| {
        let until = charts.size.partition_point(|(when, _)| when <= at);
        let (_, instances) = charts.size.get(until.checked_sub(1)?)?;
        (needed(policy, *instances as u32, *cpu)? >= size).then_some(*at)
    })
}

fn needed(policy: &Policy, instances: u32, cpu: f64) -> Option<u32> {
    let target = policy.cpu.as_ref()?.target;
    Some(size_for(instances, cpu, target).clamp(policy.min, policy.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Vec<(Timestamp, f64)> {
        (0..)
            .zip(values)
            .map(|(minute, value)| (Timestamp(minute * 60_000), *value))
            .collect()
    }

    #[test]
    fn the_last_peak_that_needed_the_size_is_found() {
        let policy = Policy::default_for(2, 6, 0.5);
        let charts = Charts {
            size: line(&[2.0, 4.0, 4.0, 4.0, 4.0]),
            cpu: line(&[0.9, 0.5, 0.5, 0.1, 0.1]),
            ..Charts::default()
        };
        assert_eq!(last_needed(&policy, 4, &charts), Some(Timestamp(120_000)));
        assert_eq!(last_needed(&policy, 6, &charts), None);
    }
}
