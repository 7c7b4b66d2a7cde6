//! The deployment that `up` makes: the tutorial's, on the emulator.

use control_plane::deployment::{Blueprint, Inventory, Sought, Terms, Values, apply, plan};
use gce::Client;
use gce_emulator::resource::{Key, Kind};

use crate::{cloud::LOCAL_PROJECT, failure::Failure};

/// The name of the group and of everything around it.
pub(super) const NAME: &str = "flaskscale";
/// Where the group lives.
pub(super) const ZONE: &str = "us-central1-a";

/// The group's key.
pub(super) fn group() -> Key {
    Key::zonal(Kind::InstanceGroupManager, ZONE, NAME)
}

/// Makes what is missing, in the order in which one thing needs another. An owner's later changes,
/// as of the policy, are not undone.
pub(super) async fn deploy(client: &Client) -> Result<(), Failure> {
    let blueprint = Blueprint::tutorial(LOCAL_PROJECT, ZONE, NAME);
    let inventory = Inventory::gather(client, &Sought::in_compute(NAME))
        .await
        .map_err(|error| Failure::broken_because("the local cloud does not answer", &error))?;
    let plan = plan(&blueprint, &inventory, Terms::default());
    apply(client, &plan, &Values::default(), |_| {})
        .await
        .map_err(|error| Failure::broken_because("the deployment failed", &error))
}
