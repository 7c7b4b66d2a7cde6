use gce::compute::{InstanceGroupManager, InstanceTemplate};
use gce::{Client, Error, Scope, name_of};

use crate::GroupId;

/// The machine type of the group's new instances; `None` for a group without a template.
pub(super) async fn machine_type(
    client: &Client,
    group: &GroupId,
) -> Result<Option<String>, Error> {
    let scope = group.location.scope();
    let manager: InstanceGroupManager = client.get(&scope, &group.name).await?;
    let mut versions = manager
        .versions
        .iter()
        .filter_map(|version| version.instance_template.as_ref());
    let Some(url) = manager.instance_template.as_ref().or(versions.next_back()) else {
        return Ok(None);
    };
    let template: InstanceTemplate = client.get(&Scope::of_url(url), name_of(url)).await?;
    let machine_type = template
        .properties
        .and_then(|properties| properties.machine_type);
    Ok(machine_type.map(|url| name_of(&url).to_owned()))
}
