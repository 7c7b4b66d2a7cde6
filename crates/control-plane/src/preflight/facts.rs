use std::collections::{BTreeMap, BTreeSet};

use gce::org_policy::OrgPolicy;

/// What the cloud says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// This.
    Is(T),
    /// There is no such thing.
    Missing,
    /// It does not say, and why: Google's own sentence.
    Unknown(String),
}

/// How things are in a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Whether the project is in use: not being deleted.
    pub project_active: Answer<bool>,
    /// Whether somebody pays for it.
    pub billing: Answer<bool>,
    /// Whether each API that is needed is enabled, by its host.
    pub services: Answer<BTreeMap<String, bool>>,
    /// Those of the needed permissions that the caller holds.
    pub held: Answer<BTreeSet<String>>,
    /// The regions of the intent, by name.
    pub regions: BTreeMap<String, Answer<Region>>,
    /// How many instances more the subnetwork of each region has addresses for, by region.
    pub room: BTreeMap<String, Answer<u64>>,
    /// What the project may have outside of regions.
    pub quotas: Answer<Vec<Quota>>,
    /// The virtual CPUs of the machine type, in the first region.
    pub cpus: Answer<u32>,
    /// Whether the account of the intent is there and can be used.
    pub account_usable: Answer<bool>,
    /// Whether each version of a secret that the app reads is enabled.
    pub secrets: BTreeMap<(String, u64), Answer<bool>>,
    /// What the organisation says of the constraints that can be in the way, by their names; `Missing`
    /// where the project belongs to none.
    pub organisation: Answer<BTreeMap<String, OrgPolicy>>,
    /// The records of each domain; `Missing` where no zone of the project answers for it.
    pub records: BTreeMap<String, Answer<Vec<Record>>>,
}

/// A region.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Whether it is up.
    pub up: bool,
    /// What the project may have in it.
    pub quotas: Vec<Quota>,
}

/// How much of something the project may have, and has.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// `CPUS`, `INSTANCES`, …
    pub metric: String,
    /// The most that it may have.
    pub limit: f64,
    /// What it has.
    pub usage: f64,
}

/// A record of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `A`, `AAAA`, `CNAME`, `CAA`, …
    pub kind: String,
    /// What it says.
    pub data: String,
}
