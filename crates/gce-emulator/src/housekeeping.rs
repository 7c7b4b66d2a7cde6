//! What keeps the state bounded over months of use.

use std::time::Duration;

use crate::{api::Cloud, apis, compute, error::ApiError, resource::Kind, store};

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
    let (operations, long) = (compute::operations::KEEP, apis::longrunning::KEEP);
    keep_newest(cloud, Kind::Operation, "insertTime", operations).await?;
    keep_newest(cloud, Kind::LongRunning, apis::longrunning::END, long).await
}

/// Forgets the oldest of a kind, by a field that holds a time, beyond a number.
async fn keep_newest(
    cloud: &Cloud,
    kind: Kind,
    time: &'static str,
    number: usize,
) -> Result<(), ApiError> {
    let keep = move |tx: &mut store::Transaction<'_>| {
        let mut all = tx.list(kind, None);
        let surplus = all.len().saturating_sub(number);
        all.sort_by(|a, b| a.text(time).cmp(&b.text(time)));
        all.iter()
            .take(surplus)
            .for_each(|oldest| tx.delete(&oldest.key));
        Ok(())
    };
    cloud.store().transact(keep).await
}
