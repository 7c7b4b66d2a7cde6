//! Why a group stays as it is.

use serde::{Deserialize, Serialize};

use super::course::Course;
use super::{Binding, Engine};
use crate::{Mode, Timestamp};

/// The group stays as it is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub cause: HoldCause,
    /// The size that is kept.
    pub size: u32,
    /// The size that it would be otherwise.
    pub wanted: u32,
    /// The next instant at which the group may shrink, as far as that is known.
    pub until: Option<Timestamp>,
    /// When the size was last needed.
    pub needed_at: Option<Timestamp>,
}

/// Why a group stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HoldCause {
    /// The load was higher within the stabilization period.
    Stabilization,
    /// The scale-in control lets no more instances go.
    ScaleInControl,
    /// Instances are still initializing.
    Initialization,
    /// Instances have just left, and the reading does not show their load on the others yet.
    Settling,
    /// A signal shows nothing, and might ask for the present size.
    MissingData,
    /// There is no instance to measure.
    EmptyGroup,
    /// The mode is OFF.
    ModeOff,
    /// The mode is `ONLY_SCALE_OUT`.
    ModeOnlyScaleOut,
}

impl HoldCause {
    /// Whether the group is kept from its recommendation, and not the recommendation from the load.
    pub fn is_of_the_mode(self) -> bool {
        matches!(self, Self::ModeOff | Self::ModeOnlyScaleOut)
    }
}

impl Engine {
    pub(super) fn hold(&self, course: &Course, target_size: u32) -> Option<Hold> {
        if let Some(cause) = self.policy.mode.hold_cause(target_size, course.size) {
            return Some(Hold::timeless(cause, target_size, course.size));
        }
        let cause = course.binding?.hold_cause()?;
        let hold = Hold::timeless(cause, course.size, course.base);
        let ends = |needed: Timestamp, span| Hold {
            until: Some(needed.after(span)),
            needed_at: Some(needed),
            ..hold
        };
        Some(match cause {
            HoldCause::Stabilization => {
                let peak = self.loads.last_at_least(course.size)?;
                ends(peak.at, self.policy.stabilization)
            }
            HoldCause::ScaleInControl => {
                ends(self.recommendations.max()?.at, self.scale_in_window())
            }
            _ => hold,
        })
    }
}

impl Hold {
    fn timeless(cause: HoldCause, size: u32, wanted: u32) -> Self {
        Self {
            cause,
            size,
            wanted,
            until: None,
            needed_at: None,
        }
    }
}

impl Binding {
    pub(super) fn hold_cause(self) -> Option<HoldCause> {
        match self {
            Self::MaxInstances | Self::MinInstances | Self::OverloadGrowth => None,
            Self::Stabilization => Some(HoldCause::Stabilization),
            Self::ScaleInControl => Some(HoldCause::ScaleInControl),
            Self::Initialization => Some(HoldCause::Initialization),
            Self::Settling => Some(HoldCause::Settling),
            Self::MissingData => Some(HoldCause::MissingData),
            Self::EmptyGroup => Some(HoldCause::EmptyGroup),
        }
    }
}

impl Mode {
    /// The size to give a group, if this mode lets it follow and it has another.
    pub(super) fn resize(self, target_size: u32, recommended: u32) -> Option<u32> {
        let differs = recommended != target_size;
        (differs && self.hold_cause(target_size, recommended).is_none()).then_some(recommended)
    }

    fn hold_cause(self, target_size: u32, recommended: u32) -> Option<HoldCause> {
        match self {
            Self::Off if recommended != target_size => Some(HoldCause::ModeOff),
            Self::OnlyScaleOut if recommended < target_size => Some(HoldCause::ModeOnlyScaleOut),
            _ => None,
        }
    }
}
