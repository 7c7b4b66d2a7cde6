use std::fmt;

use serde_json::Value;

use super::part::Part;

/// One thing to do. Displays itself: `create health check flaskscale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub(super) part: Part,
    pub(super) act: Act,
}

/// What to do with a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Create it, with this body.
    Create(Value),
    /// Change it by this merge patch.
    Update(Value),
}

impl Step {
    /// What to do.
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The resource's collection, as it stands in its path.
    pub fn collection(&self) -> &'static str {
        self.part.kind.collection()
    }

    /// The resource's name.
    pub fn name(&self) -> &str {
        &self.part.name
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Part { kind, name, .. } = &self.part;
        match &self.act {
            Act::Create(_) => write!(f, "create {kind} {name}"),
            Act::Update(patch) => {
                let fields = patch.as_object().into_iter().flat_map(|patch| patch.keys());
                let fields: Vec<&str> = fields
                    .map(String::as_str)
                    .filter(|field| *field != "fingerprint")
                    .collect();
                write!(f, "update {kind} {name}: {}", fields.join(", "))
            }
        }
    }
}
