use std::fmt;

use serde_json::{Map, Value, json};

use super::{Id, Kind};
use crate::FieldChange;

/// What happens to one resource. Displays itself: `create health check flaskscale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which resource.
    pub id: Id,
    /// What to do.
    pub act: Act,
    /// What becomes otherwise, or how a new template differs from the one in service.
    pub changes: Vec<FieldChange>,
    /// Why, where the act does not say it.
    pub why: Option<String>,
    /// What there is before a change or a deletion, for kinds of which the name alone does not say it.
    pub(super) was: Value,
    /// The steps of the same plan that must be done before, by their place in it.
    pub(super) needs: Vec<usize>,
}

/// What to do with a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Nothing: it is as it should be.
    Keep,
    /// Create it, with this body.
    Create(Value),
    /// Change it by this merge patch.
    Update(Value),
    /// Delete it, and create it anew with this body.
    Replace(Value),
    /// Give it these labels, if they are still those with this fingerprint.
    SetLabels {
        /// All of them.
        labels: Map<String, Value>,
        /// As read.
        fingerprint: String,
    },
    /// Delete it.
    Delete,
}

impl Step {
    pub(super) fn new(id: Id, act: Act) -> Self {
        Self {
            id,
            act,
            changes: Vec::new(),
            why: None,
            was: Value::Null,
            needs: Vec::new(),
        }
    }

    /// How a plan shows it: `+` for new, `~` for changed, `-` for deleted, `=` for kept, and `±` for
    /// what is made anew.
    pub fn sign(&self) -> char {
        match &self.act {
            Act::Keep => '=',
            Act::Create(_) => '+',
            Act::Update(_) | Act::SetLabels { .. } => '~',
            Act::Replace(_) => '±',
            Act::Delete => '-',
        }
    }

    /// Whether anything is to be done.
    pub fn acts(&self) -> bool {
        self.act != Act::Keep
    }

    /// Whether instances that run already are not reached any more once this is done: the load balancer
    /// or the group looks elsewhere at once, and they go on listening where they did.
    pub fn interrupts(&self) -> bool {
        match (self.id.kind, &self.act) {
            (Kind::HealthCheck, Act::Update(patch)) => patch.get("httpHealthCheck").is_some(),
            (Kind::Group, Act::Update(patch)) => {
                moves_a_port(&self.was["namedPorts"], &patch["namedPorts"])
            }
            (Kind::Firewall, Act::Replace(_)) => true,
            _ => false,
        }
    }

    /// Everything about it, for programs and for plans that are kept in a file.
    pub fn to_json(&self) -> Value {
        let (act, body) = match &self.act {
            Act::Keep => ("keep", None),
            Act::Create(body) => ("create", Some(body.clone())),
            Act::Update(patch) => ("update", Some(patch.clone())),
            Act::Replace(body) => ("replace", Some(body.clone())),
            Act::SetLabels {
                labels,
                fingerprint,
            } => (
                "setLabels",
                Some(json!({ "labels": labels, "labelFingerprint": fingerprint })),
            ),
            Act::Delete => ("delete", None),
        };
        json!({
            "act": act,
            "kind": self.id.kind.to_string(),
            "collection": self.id.kind.collection(),
            "scope": self.id.scope.to_string(),
            "name": self.id.name,
            "body": body,
            "changes": self.changes,
            "why": self.why,
        })
    }
}

/// Whether a port is found elsewhere under its name. One that comes or goes takes nothing from the others.
fn moves_a_port(before: &Value, after: &Value) -> bool {
    let ports = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let after = ports(after);
    ports(before).iter().any(|old| {
        let is_moved = |new: &Value| new["name"] == old["name"] && new["port"] != old["port"];
        after.iter().any(is_moved)
    })
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.act {
            Act::Keep => write!(f, "keep {id}"),
            Act::Create(_) => write!(f, "create {id}"),
            Act::Update(patch) => {
                let fields = patch.as_object().into_iter().flat_map(|patch| patch.keys());
                let fields: Vec<&str> = fields
                    .map(String::as_str)
                    .filter(|field| *field != "fingerprint")
                    .collect();
                write!(f, "update {id}: {}", fields.join(", "))
            }
            Act::Replace(_) => write!(f, "replace {id}"),
            Act::SetLabels { .. } => write!(f, "label {id}"),
            Act::Delete => write!(f, "delete {id}"),
        }
    }
}
