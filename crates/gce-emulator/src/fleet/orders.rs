//! What an instance is told.

use super::{
    machine::{CurrentAction, Machine},
    plan::Leaving,
    version::{UpdateAction, Version},
};
use crate::resource::Key;

/// What an instance is to do, beside running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    pub(super) leave: Leaving,
    /// How often somebody asked for a rework.
    pub(super) reworks: u64,
    /// What the last of them is to be.
    pub(super) rework: Rework,
    /// What it is to be made from.
    pub(super) version: Version,
    /// Whose member it is. `None` for one that a group has let go.
    pub(super) group: Option<Key>,
}

/// A change of an instance that stays, the deepest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rework {
    /// Another name for what it is.
    #[default]
    Relabel,
    Refresh,
    Restart,
    Recreate,
}

impl Rework {
    /// What the group shows meanwhile.
    pub(super) const fn action(self) -> Option<CurrentAction> {
        match self {
            Self::Relabel => None,
            Self::Refresh => Some(CurrentAction::Refreshing),
            Self::Restart => Some(CurrentAction::Restarting),
            Self::Recreate => Some(CurrentAction::Recreating),
        }
    }
}

impl From<UpdateAction> for Rework {
    fn from(action: UpdateAction) -> Self {
        match action {
            UpdateAction::None => Self::Relabel,
            UpdateAction::Refresh => Self::Refresh,
            UpdateAction::Restart => Self::Restart,
            UpdateAction::Replace => Self::Recreate,
        }
    }
}

/// An instance with what it is told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) machine: Machine,
    pub(super) orders: Orders,
    /// Whether all reworks that were asked for are done.
    pub(super) is_done: bool,
    pub(super) cpu: Option<f64>,
}
