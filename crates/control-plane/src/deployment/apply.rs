use gce::{Client, Error};

use super::{Act, Step};

/// A step that did not succeed. The steps before it are done, and a new plan does not contain them.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}")]
pub struct ApplyError {
    /// The step, as it prints itself.
    pub step: String,
    /// Why.
    #[source]
    pub source: Error,
}

/// Takes the steps in their order, each when the one before is done.
pub async fn apply(client: &Client, steps: &[Step]) -> Result<(), ApplyError> {
    for step in steps {
        tracing::info!(%step, "deploying");
        let failed = |source| ApplyError {
            step: step.to_string(),
            source,
        };
        take(client, step).await.map_err(failed)?;
    }
    Ok(())
}

async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    let (scope, collection) = (&step.part.scope, step.collection());
    let operation = match &step.act {
        Act::Create(body) => client.insert_value(scope, collection, body.clone()).await?,
        Act::Update(patch) => {
            client
                .patch_value(scope, collection, step.name(), patch.clone())
                .await?
        }
    };
    client.wait(operation).await.map(drop)
}
