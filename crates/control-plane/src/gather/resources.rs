use std::collections::HashMap;

use futures::TryStreamExt;
use gce::compute::{Autoscaler, Instance};
use gce::{Client, Error};

use crate::url::within_project;

/// All autoscalers of the project.
pub(crate) async fn autoscalers(client: Client) -> Result<Vec<Autoscaler>, Error> {
    client.aggregated_list().try_collect().await
}

/// All instances of the project with their metadata, by URL within the project.
pub(crate) async fn instances(client: Client) -> Result<HashMap<String, Instance>, Error> {
    let instances = client.aggregated_list::<Instance>();
    let by_url = instances.map_ok(|instance| {
        let url = instance.self_link.as_deref().unwrap_or_default();
        (within_project(url).to_owned(), instance)
    });
    by_url.try_collect().await
}
