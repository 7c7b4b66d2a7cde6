//! Compute v1: one resource engine, and what is particular about each kind.
//!
//! * [`table`] says of each kind where it lives, what may be done with it, and how its fields look;
//! * [`engine`] does what all kinds share: names, references, fingerprints, patches, operations,
//!   the audit log, refusals;
//! * [`kinds`] adds what only one kind knows;
//! * [`route`] turns a path into a call.
//!
//! The APIs beside Compute share its fields, labels, paths and audit log; their own engine is `apis`.

pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod catalog;
pub(crate) mod change;
pub(crate) mod checks;
mod engine;
pub(crate) mod fingerprint;
mod image;
mod images;
mod kinds;
pub(crate) mod labels;
mod lists;
mod merge;
mod mutation;
pub(crate) mod operations;
pub(crate) mod paths;
mod quotas;
mod references;
pub(crate) mod route;
pub(crate) mod schema;
mod table;
mod utilization;
