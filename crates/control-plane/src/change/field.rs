use std::fmt;

use serde::{Deserialize, Serialize};

/// One field of a policy that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Google's path below the policy: `cpuUtilization.utilizationTarget`.
    pub field: String,
    /// The value before; `None` if there was none, or if it is not known.
    pub before: Option<String>,
    /// The value after; `None` if the field was removed.
    pub after: Option<String>,
}

impl FieldChange {
    /// The field as people call it; Google's path for those that no form of ours shows.
    pub fn label(&self) -> &str {
        match self.field.as_str() {
            "mode" => "mode",
            "minNumReplicas" => "minimum",
            "maxNumReplicas" => "maximum",
            "cpuUtilization.utilizationTarget" => "CPU target",
            "coolDownPeriodSec" => "initialization period",
            "stabilizationPeriodSec" => "stabilization period",
            other => other,
        }
    }
}

impl fmt::Display for FieldChange {
    /// `minimum from 2 to 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())?;
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, " from {before} to {after}"),
            (None, Some(after)) => write!(f, " to {after}"),
            (Some(before), None) => write!(f, " removed (was {before})"),
            (None, None) => Ok(()),
        }
    }
}
