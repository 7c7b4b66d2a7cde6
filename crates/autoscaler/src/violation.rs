use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where: `autoscalingPolicy.cpuUtilization.utilizationTarget`.
    pub field: String,
    /// What stands there, as JSON; `missing` when nothing does.
    pub value: String,
    /// One sentence that names the field, the value and the allowed range.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
