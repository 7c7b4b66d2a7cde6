//! What keeps the state bounded over months of use.

use std::time::Duration;

use crate::{api::Cloud, apis, compute, error::ApiError, store};

/// How often, in real time.
const EVERY: Duration = Duration::from_mins(1);

/// Forgets old log entries and operations; runs until it is dropped.
pub(crate) async fn keep(cloud: Cloud) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = prune(&cloud).await {
            tracing::warn!(%error, "old records could not be removed");
        }
    }
}

async fn prune(cloud: &Cloud) -> Result<(), ApiError> {
    let now = cloud.clock().now();
    cloud
        .store()
        .write_sql(move |connection| store::prune_logs(connection, now))
        .await?;
    compute::operations::prune(cloud).await?;
    apis::prune(cloud).await
}
