//! Changing a policy without overwriting what somebody else has changed.

mod drill;
mod edit;
mod field;
mod policy;

use autoscaler::Violation;
use serde::Serialize;
use serde_json::Value;

use crate::Drill;
use crate::source::lacks;

pub(crate) use drill::{Subject as DrillSubject, start as start_drill, stop as stop_drill};
pub(crate) use policy::{Wish, change_policy};

pub use edit::PolicyEdit;
pub use field::FieldChange;

/// Who does something, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Author {
    /// The account's name.
    pub name: String,
    /// With what: `console`, `command line`.
    pub via: String,
}

/// A change that was made, as it was found afterwards.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyChange {
    /// What was changed; empty if the policy was so already.
    pub changes: Vec<FieldChange>,
    /// What is different from what we wrote: somebody changed it in the same moment.
    pub surprises: Vec<FieldChange>,
    /// The operation that did it; `None` if nothing was changed.
    pub operation: Option<String>,
    /// The policy now, as Google has it.
    pub policy: Value,
    /// Its hash, for the next form.
    pub hash: String,
    /// Why the change is missing in the log of changes, although it was made.
    pub unrecorded: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Values that are not allowed.
    #[error("{}", sentences(.0))]
    Invalid(Vec<Violation>),
    /// Somebody changed the policy after the form was drawn.
    #[error("the policy was changed by somebody else meanwhile")]
    Conflict {
        /// What they changed. If the older policy is not known any more, the current values of what
        /// the form edits, with nothing before.
        theirs: Vec<FieldChange>,
        /// The hash of the policy now, for the form that is drawn next.
        hash: String,
    },
    /// There is no such group, autoscaler or instance.
    #[error("{0} does not exist")]
    NotFound(String),
    /// One drill at a time.
    #[error("a drill of {} is running on this instance", .0.by)]
    DrillRunning(Box<Drill>),
    /// The account of this program may not do it; this is the permission that it lacks.
    #[error("{}", lacks(.0))]
    Forbidden(String),
    /// The cloud refused, or did not answer.
    #[error("the cloud did not do it")]
    Cloud(#[source] gce::Error),
}

impl From<gce::Error> for ChangeError {
    fn from(error: gce::Error) -> Self {
        match error.missing_permission() {
            Some(permission) => Self::Forbidden(permission.to_owned()),
            None => Self::Cloud(error),
        }
    }
}

fn sentences(violations: &[Violation]) -> String {
    let messages = violations
        .iter()
        .map(|violation| violation.message.as_str());
    messages.collect::<Vec<_>>().join(" ")
}
