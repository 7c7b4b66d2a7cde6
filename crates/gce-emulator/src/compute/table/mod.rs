//! The table: a row for each kind, and its small behaviour.

mod balancing;
mod groups;
mod network;

use super::{
    change::{Behaviour, Plain},
    references::Reference,
    schema::Field,
};
use crate::resource::{Kind, Scope};

/// Where resources of a kind live. A kind may live in more than one sort of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Global,
    Regional,
    Zonal,
}

impl Place {
    /// The sort of a scope.
    pub(crate) const fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Global => Self::Global,
            Scope::Region(_) => Self::Regional,
            Scope::Zone(_) => Self::Zonal,
        }
    }
}

/// What may be done with a kind beyond reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) insert: bool,
    pub(crate) change: bool,
    pub(crate) delete: bool,
}

const READ_ONLY: Allowed = Allowed {
    insert: false,
    change: false,
    delete: false,
};
const DELETE_ONLY: Allowed = Allowed {
    insert: false,
    change: false,
    delete: true,
};
const IMMUTABLE: Allowed = Allowed {
    insert: true,
    change: false,
    delete: true,
};
const ALL: Allowed = Allowed {
    insert: true,
    change: true,
    delete: true,
};

/// What the engine knows about a kind.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    /// What Google's refusals call it.
    pub(crate) noun: &'static str,
    pub(crate) places: &'static [Place],
    pub(crate) allowed: Allowed,
    pub(crate) required: &'static [&'static str],
    pub(crate) fields: &'static [Field],
    pub(crate) references: &'static [Reference],
    /// Fields that a change must leave as they are.
    pub(crate) immutable: &'static [&'static str],
    /// Fields that only the cloud writes; a caller's values for them are ignored.
    pub(crate) output_only: &'static [&'static str],
    /// Fields that are taken in and never shown again, by their paths.
    pub(crate) secret: &'static [&'static str],
    pub(crate) fingerprint: bool,
    /// Whether its labels can be set by a verb of their own, guarded by their fingerprint.
    pub(crate) labels: bool,
    pub(crate) behaviour: &'static dyn Behaviour,
}

impl Row {
    /// Whether resources of the kind can live in a scope.
    pub(crate) fn lives_in(&self, scope: &Scope) -> bool {
        self.places.contains(&Place::of(scope))
    }
}

/// The row of a kind. Catalogue kinds and operations have none.
pub(crate) fn row(kind: Kind) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kind == kind)
}

const GLOBAL: &[Place] = &[Place::Global];
const ZONAL: &[Place] = &[Place::Zonal];
const ZONAL_OR_REGIONAL: &[Place] = &[Place::Zonal, Place::Regional];
const GLOBAL_OR_REGIONAL: &[Place] = &[Place::Global, Place::Regional];

/// A row that says nothing: each kind names only what is particular about it.
const BLANK: Row = Row {
    kind: Kind::Operation,
    noun: "resource",
    places: GLOBAL,
    allowed: ALL,
    required: &["name"],
    fields: &[],
    references: &[],
    immutable: &[],
    output_only: &[],
    secret: &[],
    fingerprint: false,
    labels: false,
    behaviour: &Plain,
};

pub(crate) const ROWS: &[Row] = &[
    groups::INSTANCE_TEMPLATE,
    groups::INSTANCE_GROUP_MANAGER,
    groups::INSTANCE_GROUP,
    groups::AUTOSCALER,
    groups::INSTANCE,
    balancing::HEALTH_CHECK,
    balancing::BACKEND_SERVICE,
    balancing::URL_MAP,
    balancing::TARGET_HTTP_PROXY,
    balancing::TARGET_HTTPS_PROXY,
    balancing::SSL_CERTIFICATE,
    balancing::SSL_POLICY,
    network::FORWARDING_RULE,
    network::ADDRESS,
    network::FIREWALL,
];

/// Fields of every kind that only the cloud writes.
pub(crate) const ALWAYS_OUTPUT: [&str; 8] = [
    "kind",
    "id",
    "selfLink",
    "creationTimestamp",
    "zone",
    "region",
    "fingerprint",
    "labelFingerprint",
];
