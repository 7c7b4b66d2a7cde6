//! Who is at the other end of a request.

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Changes policies and runs drills.
    Operator,
    /// Everything.
    Admin,
}

/// A logged-in user, as the session cookie proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The name that is written beside each change.
    pub user: String,
    /// What the user may do.
    pub role: Role,
}
