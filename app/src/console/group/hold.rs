//! Why a group keeps a size that its load alone would not need any more.

use autoscaler::{HoldCause, HoldLine, Mode, Policy, Timestamp, backtest::OngoingHold};
use control_plane::{ControlPlane, Group};

use super::model::Held;

/// What a hold is about, and since and until when as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hold {
    cause: HoldCause,
    wanted: u32,
    /// What the recorded load tells of it.
    ongoing: Option<OngoingHold>,
}

impl Hold {
    /// Why `group` is not on its way to another size, if its load or its mode would have it there.
    ///
    /// What the mode holds is seen at once. The rest takes the recorded load; where that cannot be
    /// read there is no hold to be told of, and the charts, which need the same, say what fails.
    pub(super) async fn of(control: &ControlPlane, group: &Group) -> Option<Self> {
        let policy = &group.autoscaler.as_ref()?.policy;
        if policy.mode != Mode::On {
            return Self::by_mode(policy, group);
        }
        let ongoing = control.hold(&group.id).await.ok().flatten()?;
        Self::by_memory(group, ongoing)
    }

    fn by_mode(policy: &Policy, group: &Group) -> Option<Self> {
        let wanted = group.recommended?;
        let cause = match policy.mode {
            Mode::Off if wanted != group.target_size => HoldCause::ModeOff,
            Mode::OnlyScaleOut if wanted < group.target_size => HoldCause::ModeOnlyScaleOut,
            _ => return None,
        };
        Some(Self {
            cause,
            wanted,
            ongoing: None,
        })
    }

    /// The recording is minutes old, and the group may have moved on since: what it says counts
    /// while it is about the size that the group has and shall have.
    fn by_memory(group: &Group, ongoing: OngoingHold) -> Option<Self> {
        let span = &ongoing.span;
        let present = span.size == group.target_size
            && span.size == group.running
            && group.recommended == Some(span.size);
        present.then_some(Self {
            cause: span.cause,
            wanted: span.wanted,
            ongoing: Some(ongoing),
        })
    }

    /// The hold as a part of the status sentence; `clock` is [`Hold::clock`].
    pub(super) fn line<'a>(&self, now: i64, clock: Option<&'a str>) -> HoldLine<'a> {
        let until = self.ongoing.and_then(|ongoing| ongoing.span.until);
        HoldLine {
            cause: self.cause,
            remaining: until.map(|until| until.since(Timestamp(now))),
            needed_at: clock,
            wanted: self.wanted,
        }
    }

    /// When the size was last needed, as `14:28`.
    pub(super) fn clock(&self) -> Option<String> {
        let needed_at = self.ongoing?.span.needed_at?;
        Some(
            crate::text::clock_time(needed_at.0)
                .chars()
                .take(5)
                .collect(),
        )
    }

    fn is_silence(&self) -> bool {
        matches!(self.cause, HoldCause::MissingData | HoldCause::EmptyGroup)
    }

    /// The hold as facts.
    pub(super) fn facts(&self) -> Held {
        let ongoing = self.ongoing.as_ref();
        Held {
            since: ongoing.map(|ongoing| ongoing.span.from.0),
            began_before: ongoing.is_some_and(|ongoing| ongoing.began_before),
            wanted: (!self.is_silence()).then_some(self.wanted),
            until: ongoing
                .and_then(|ongoing| ongoing.span.until)
                .map(|at| at.0),
        }
    }
}
