//! The parts of a deployment that are not Compute's.
//!
//! Their APIs have little in common, so each kind has a module: its `find` gives what there is in the
//! shape in which the blueprint states it, and its `take` does one step. Everything else, from the
//! plan to its text, treats them like all others.

pub(super) mod access;
pub(super) mod accounts;
pub(crate) mod apis;
pub(super) mod grants;
pub(super) mod records;
pub(super) mod repositories;
pub(super) mod roles;
pub(super) mod secrets;

use std::time::Duration;

use gce::{Client, Error};
use serde_json::Value;

use self::secrets::Values;
use super::{Id, Inventory, Kind, Sought, Step};

/// What there is of a kind. `found` is what is known already.
pub(super) async fn find(
    client: &Client,
    kind: Kind,
    sought: &Sought,
    found: &Inventory,
) -> Result<Vec<(Id, Value)>, Error> {
    match kind {
        Kind::Api => apis::find(client).await,
        Kind::ServiceAccount => accounts::find(client, sought).await,
        Kind::Role => roles::find(client, sought).await,
        Kind::Repository => repositories::find(client, sought).await,
        Kind::Secret => secrets::find(client, sought).await,
        Kind::Grant => grants::find(client, sought, found).await,
        Kind::Access => access::find(client, sought, found).await,
        _ => Ok(Vec::new()),
    }
}

/// Does a step of one of these kinds, to its end.
pub(super) async fn take(client: &Client, step: &Step, values: &Values) -> Result<(), Error> {
    match step.id.kind {
        Kind::Api => apis::enable(client, &[step]).await,
        Kind::ServiceAccount => accounts::take(client, step).await,
        Kind::Role => roles::take(client, step).await,
        Kind::Repository => repositories::take(client, step).await,
        Kind::Secret => secrets::take(client, step, values).await,
        Kind::Record => records::take(client, step).await,
        Kind::Grant => grants::take(client, step).await,
        Kind::Access => access::take(client, step).await,
        _ => Ok(()),
    }
}

const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Makes something of an API whose calls bear no id by which Google would know them again. After an
/// answer that was lost it is tried once more; what is there then is what that try has made, if
/// `is_ours` knows it.
async fn made<T>(
    make: impl AsyncFn() -> Result<T, Error>,
    is_ours: impl AsyncFn() -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        let Err(error) = make().await else {
            return Ok(());
        };
        if error.is_conflict() && is_ours().await? {
            return Ok(());
        }
        if !error.retryable() || attempt == ATTEMPTS {
            return Err(error);
        }
        tokio::time::sleep(PAUSE * attempt).await;
        attempt += 1;
    }
}
