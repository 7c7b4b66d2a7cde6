//! The faults of a local cloud, as the console reaches them.

use std::fmt;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

/// Lists, starts and stops faults. Only a local cloud has one: at Google nothing fails on demand.
pub trait FaultBoard: fmt::Debug + Send + Sync {
    /// All faults that are on, in the order in which they were switched on.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ActiveFault>, FaultError>>;
    /// Switches a fault on: an object with `type`, the fields of that sort and `durationSec`.
    fn start(&self, fault: Value) -> BoxFuture<'_, Result<(), FaultError>>;
    /// Switches a fault off.
    fn stop(&self, id: String) -> BoxFuture<'_, Result<(), FaultError>>;
}

/// A fault that is on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveFault {
    /// By which it is switched off.
    pub id: String,
    /// `type` and the fields of that sort.
    pub fault: Value,
    /// How often it has struck.
    pub times: u64,
    /// Real seconds until it ends by itself, if it does.
    pub left_sec: Option<f64>,
}

/// Why the local cloud did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It does not know such a fault, or such a value; its own sentence.
    #[error("{0}")]
    Refused(String),
    /// The fault is off already.
    #[error("That fault is no longer on.")]
    Gone,
    /// It gave no usable answer; what happened instead.
    #[error("The local cloud does not answer: {0}.")]
    Silent(String),
}
