//! Waiting for what was started.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::compute::{Operation, OperationStatus};
use crate::{Client, Error, OperationError, Scope};

/// `wait` holds a request for up to two minutes.
const WAIT_TIMEOUT: Duration = Duration::from_secs(150);
/// gcloud gives up after half an hour; ours only store an intent, and a person is waiting.
const GIVE_UP_AFTER: Duration = Duration::from_mins(10);
/// An overloaded server may answer `wait` at once; asking again at once would not help it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Client {
    /// Waits until an operation is done, and returns it; a failed one is an error.
    pub async fn wait(&self, operation: Operation) -> Result<Operation, Error> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut operation = operation;
        while operation.status != Some(OperationStatus::Done) {
            if started.elapsed() > GIVE_UP_AFTER {
                let name = operation.name;
                return Err(Error::OperationTimeout {
                    name,
                    waited: started.elapsed(),
                });
            }
            let asked = Instant::now();
            operation = self.wait_once(&operation).await?;
            let was_held = asked.elapsed() > Duration::from_secs(1);
            if operation.status != Some(OperationStatus::Done) && !was_held {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        outcome(operation)
    }

    async fn wait_once(&self, operation: &Operation) -> Result<Operation, Error> {
        let place = operation.zone.as_ref().or(operation.region.as_ref());
        let scope = place.map_or(Scope::Global, |url| Scope::of_url(url));
        let path = ["operations", operation.name.as_str(), "wait"];
        let request = self.compute(Method::POST, &scope, &path)?;
        self.send(&request.repeatable().timeout(WAIT_TIMEOUT)).await
    }
}

fn outcome(operation: Operation) -> Result<Operation, Error> {
    let Some(error) = &operation.error else {
        return Ok(operation);
    };
    let listed = error.errors.iter();
    Err(Error::Operation(Box::new(OperationError {
        name: operation.name.clone(),
        http_status: operation.http_error_status_code,
        errors: listed
            .map(|error| (error.code.clone(), error.message.clone()))
            .collect(),
    })))
}
