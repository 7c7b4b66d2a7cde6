use futures::{StreamExt, TryStreamExt, stream};
use gce::compute::{InstanceGroupManager, ManagedInstance};
use gce::{Client, Error};

/// How many groups are asked for their instances at the same time.
const AT_ONCE: usize = 8;

/// A group and its instances, those included that do not exist yet.
#[derive(Clone, Debug)]
pub(crate) struct ManagedGroup {
    pub(crate) manager: InstanceGroupManager,
    pub(crate) instances: Vec<ManagedInstance>,
}

/// All managed instance groups of the project.
pub(crate) async fn groups(client: Client) -> Result<Vec<ManagedGroup>, Error> {
    let managers: Vec<InstanceGroupManager> = client.aggregated_list().try_collect().await?;
    stream::iter(managers)
        .map(|manager| with_instances(&client, manager))
        .buffered(AT_ONCE)
        .try_filter_map(|group| async move { Ok(group) })
        .try_collect()
        .await
}

/// `None` if the group was deleted after it was listed.
async fn with_instances(
    client: &Client,
    manager: InstanceGroupManager,
) -> Result<Option<ManagedGroup>, Error> {
    let instances = client.managed_instances(&manager.scope(), &manager.name);
    match instances.try_collect().await {
        Ok(instances) => Ok(Some(ManagedGroup { manager, instances })),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
