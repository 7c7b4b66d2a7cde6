use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gce::{Client, Error};
use serde_json::Value;

use super::{Act, Kind, Plan, Step, Values, beside};

/// Why a plan was not carried out to its end. What was done is done, and a new plan does not contain it.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A step did not succeed.
    #[error("cannot {step}")]
    Step {
        /// The step, as it prints itself.
        step: String,
        /// Why.
        #[source]
        source: Error,
    },
    /// Nothing was done, since nobody says what a secret shall hold.
    #[error("the secret {0} has no value")]
    NoValue(String),
    /// What a step waits for is not in the plan, or waits for it.
    #[error("cannot {0}: what it needs is never done")]
    Stuck(String),
}

/// What happens while a plan is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A step begins.
    Begun(&'a Step),
    /// A step is done, after so long.
    Done(&'a Step, Duration),
}

/// Takes the steps, each as soon as those that it needs are done, and tells of each. APIs come before
/// all others, and calls of them are repeated until Google's front ends have heard that they are on.
///
/// After a refusal no further step begins; those under way are waited for, so that what is left is
/// what the next plan will see.
pub async fn apply(
    client: &Client,
    plan: &Plan,
    values: &Values,
    mut tell: impl FnMut(Progress<'_>),
) -> Result<(), ApplyError> {
    let mut to_fill = plan.secrets_to_fill();
    if let Some(secret) = to_fill.find(|secret| values.get(secret).is_none()) {
        return Err(ApplyError::NoValue(secret.to_owned()));
    }
    enable(client, plan, &mut tell).await?;
    let client = &client.clone().awaiting_services(NEWS_OF_AN_API);
    let steps = &plan.steps;
    let is_done = |step: &Step| !step.acts() || step.id.kind == Kind::Api;
    let mut done: Vec<bool> = steps.iter().map(is_done).collect();
    let mut begun = done.clone();
    let mut running = FuturesUnordered::new();
    let mut refused = None;
    loop {
        let ready = |at: &usize| !begun[*at] && steps[*at].needs.iter().all(|need| done[*need]);
        let ready: Vec<usize> = (0..steps.len()).filter(ready).collect();
        for at in ready.into_iter().filter(|_| refused.is_none()) {
            begun[at] = true;
            tell(Progress::Begun(&steps[at]));
            running.push(timed(client, at, &steps[at], values));
        }
        let Some((at, took, result)) = running.next().await else {
            break;
        };
        match result {
            Ok(()) => {
                done[at] = true;
                tell(Progress::Done(&steps[at], took));
            }
            Err(source) => {
                let step = steps[at].to_string();
                refused.get_or_insert(ApplyError::Step { step, source });
            }
        }
    }
    let stuck = done.iter().position(|done| !done);
    let stuck = stuck.map(|at| ApplyError::Stuck(steps[at].to_string()));
    refused.or(stuck).map_or(Ok(()), Err)
}

/// For so long some front end may go on calling an API disabled after it was enabled.
pub(super) const NEWS_OF_AN_API: Duration = Duration::from_mins(5);

async fn enable(
    client: &Client,
    plan: &Plan,
    tell: &mut impl FnMut(Progress<'_>),
) -> Result<(), ApplyError> {
    let acting = plan.steps.iter().filter(|step| step.acts());
    let apis: Vec<&Step> = acting.filter(|step| step.id.kind == Kind::Api).collect();
    let Some(first) = apis.first() else {
        return Ok(());
    };
    let started = Instant::now();
    for step in &apis {
        tell(Progress::Begun(step));
    }
    let enabled = beside::apis::enable(client, &apis).await;
    enabled.map_err(|source| ApplyError::Step {
        step: first.to_string(),
        source,
    })?;
    for step in &apis {
        tell(Progress::Done(step, started.elapsed()));
    }
    Ok(())
}

async fn timed(
    client: &Client,
    at: usize,
    step: &Step,
    values: &Values,
) -> (usize, Duration, Result<(), Error>) {
    let started = Instant::now();
    tracing::info!(%step, "deploying");
    let result = take(client, step, values).await;
    (at, started.elapsed(), result)
}

async fn take(client: &Client, step: &Step, values: &Values) -> Result<(), Error> {
    if !step.id.kind.is_of_compute() {
        return beside::take(client, step, values).await;
    }
    let (scope, name) = (&step.id.scope, step.id.name.as_str());
    let collection = step.id.kind.collection();
    let operation = match &step.act {
        Act::Keep => return Ok(()),
        Act::Create(body) => return create(client, step, body).await,
        Act::Update(patch) => {
            client
                .patch_value(scope, collection, name, patch.clone())
                .await?
        }
        Act::SetLabels {
            labels,
            fingerprint,
        } => {
            client
                .set_labels(scope, collection, name, labels, fingerprint)
                .await?
        }
        Act::Replace(body) => {
            delete(client, step).await?;
            return create(client, step, body).await;
        }
        Act::Delete => return delete(client, step).await,
    };
    client.wait(operation).await.map(drop)
}

/// For so long some front end may not have heard of a new service account.
const NEWS_OF_AN_ACCOUNT: Duration = Duration::from_mins(2);

async fn create(client: &Client, step: &Step, body: &Value) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        match create_once(client, step, body).await {
            Err(error) if is_new_account(&error) && started.elapsed() < NEWS_OF_AN_ACCOUNT => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
            Err(error) if error.is_conflict() && is_made(client, step, body).await => return Ok(()),
            result => return result,
        }
    }
}

/// Whether it is there with our mark: then a command that was killed had it under way, and the next plan
/// sees whether it is as stated.
async fn is_made(client: &Client, step: &Step, body: &Value) -> bool {
    let collection = step.id.kind.collection();
    let found = client.get_value(&step.id.scope, collection, &step.id.name);
    let mark = &body["description"];
    found
        .await
        .is_ok_and(|found| mark.is_string() && found["description"] == *mark)
}

async fn create_once(client: &Client, step: &Step, body: &Value) -> Result<(), Error> {
    let collection = step.id.kind.collection();
    let operation = client.insert_value(&step.id.scope, collection, body.clone());
    client.wait(operation.await?).await.map(drop)
}

/// Whether what is made names an account that Compute has not heard of: the one that an earlier step has
/// made, since the preflight looks for every other one.
fn is_new_account(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("of type 'serviceAccount' was not found")
        || (text.contains("ervice account") && text.contains("does not exist"))
}

/// For so long Google goes on calling a resource used after its last user is gone.
const STILL_USED: Duration = Duration::from_mins(2);
const TRY_AGAIN: Duration = Duration::from_secs(2);

async fn delete(client: &Client, step: &Step) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        match delete_once(client, step).await {
            // Somebody was faster, or our own request was, whose answer was lost.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) if is_still_used(&error) && started.elapsed() < STILL_USED => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
            result => return result,
        }
    }
}

async fn delete_once(client: &Client, step: &Step) -> Result<(), Error> {
    let collection = step.id.kind.collection();
    let operation = client.delete_value(&step.id.scope, collection, &step.id.name);
    client.wait(operation.await?).await.map(drop)
}

fn is_still_used(error: &Error) -> bool {
    let reason = match error {
        Error::Api(error) => error.reason().map(str::to_owned),
        Error::Operation(error) => error.errors.first().map(|(code, _)| code.clone()),
        _ => None,
    };
    let reasons = [
        "resourceInUseByAnotherResource",
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
        "resourceNotReady",
        "RESOURCE_NOT_READY",
    ];
    reason.is_some_and(|reason| reasons.contains(&reason.as_str()))
}

#[cfg(test)]
mod tests {
    use gce::ApiError;

    use super::*;

    #[test]
    fn only_an_account_that_is_not_known_yet_is_waited_for() {
        for (message, expected) in [
            (
                "The resource 'projects/p/serviceAccounts/web-vm@p.iam.gserviceaccount.com' of type \
                 'serviceAccount' was not found.",
                true,
            ),
            (
                "Service account web-vm@p.iam.gserviceaccount.com does not exist.",
                true,
            ),
            (
                "The resource 'projects/p/global/networks/n' was not found",
                false,
            ),
            (
                "Required 'compute.instanceTemplates.create' permission",
                false,
            ),
        ] {
            let message = message.to_owned();
            let error = ApiError {
                code: 400,
                message,
                ..ApiError::default()
            };
            assert_eq!(is_new_account(&Error::from(error)), expected);
        }
    }
}
