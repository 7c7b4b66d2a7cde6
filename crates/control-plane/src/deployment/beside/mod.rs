//! The parts of a deployment that are not Compute's.
//!
//! Their APIs have little in common, so each kind has a module: its `find` gives what there is in the
//! shape in which the blueprint states it, and its `take` does one step. Everything else, from the
//! plan to its text, treats them like all others.

pub(crate) mod apis;

use gce::{Client, Error};
use serde_json::Value;

use super::{Id, Kind, Sought, Step};

/// What there is of a kind.
pub(super) async fn find(
    client: &Client,
    kind: Kind,
    _sought: &Sought,
) -> Result<Vec<(Id, Value)>, Error> {
    match kind {
        Kind::Api => apis::find(client).await,
        _ => Ok(Vec::new()),
    }
}

/// Does a step of one of these kinds, to its end.
pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    match step.id.kind {
        Kind::Api => apis::enable(client, &[step]).await,
        _ => Ok(()),
    }
}
