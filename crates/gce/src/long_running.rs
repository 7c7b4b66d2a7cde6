//! Operations of the APIs that have no Compute: asked for until they are done.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Client, Endpoints, Error, OperationError};

const GIVE_UP_AFTER: Duration = Duration::from_mins(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// `google.longrunning.Operation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LongRunning {
    name: String,
    done: bool,
    error: Option<Status>,
    response: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: i64,
    message: String,
}

impl Client {
    /// Waits until an operation is done, and reads what it answers; a failed one is an error.
    pub(crate) async fn wait_long<T: DeserializeOwned>(
        &self,
        api: impl Fn(&Endpoints) -> &String,
        mut operation: LongRunning,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        while !operation.done {
            if started.elapsed() > GIVE_UP_AFTER {
                return Err(Error::OperationTimeout {
                    name: operation.name,
                    waited: started.elapsed(),
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let path: Vec<&str> = std::iter::once("v1")
                .chain(operation.name.split('/'))
                .collect();
            operation = self.send(&self.beside(Method::GET, &api, &path)?).await?;
        }
        let name = operation.name;
        if let Some(error) = operation.error {
            return Err(Error::Operation(Box::new(OperationError {
                name,
                http_status: None,
                errors: vec![(error.code.to_string(), error.message)],
            })));
        }
        serde_json::from_value(operation.response).map_err(|source| Error::Decode {
            request: format!("operation {name}"),
            source,
        })
    }
}
