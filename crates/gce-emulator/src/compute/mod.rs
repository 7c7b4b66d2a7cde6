//! Compute v1: one resource engine, and what is particular about each kind.
//!
//! * [`table`] says of each kind where it lives, what may be done with it, and how its fields look;
//! * [`engine`] does what all kinds share: names, references, fingerprints, patches, operations,
//!   the audit log, refusals;
//! * [`kinds`] adds what only one kind knows;
//! * [`route`] turns a path into a call.

mod audit;
pub(crate) mod call;
mod catalog;
pub(crate) mod change;
mod checks;
mod engine;
pub(crate) mod fingerprint;
mod image;
mod images;
mod kinds;
mod labels;
mod lists;
mod merge;
mod mutation;
pub(crate) mod operations;
mod paths;
mod references;
pub(crate) mod route;
mod schema;
mod table;
