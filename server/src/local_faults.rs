//! The faults of the local cloud, over its own API `/_emulator/faults`.

use std::time::Duration;

use app::console::faults::{ActiveFault, FaultBoard, FaultError};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::Value;

use crate::plain_http::{self, Answer};

const PATH: &str = "/_emulator/faults";
/// It is on this machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The faults of one local cloud.
#[derive(Debug)]
pub(crate) struct LocalFaults {
    authority: String,
}

#[derive(Deserialize)]
struct Listed {
    faults: Vec<ActiveFault>,
}

impl LocalFaults {
    /// Of the local cloud whose API is at `url`.
    pub(crate) fn of(url: &str) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/');
        Self {
            authority: authority.to_owned(),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Answer, FaultError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(silent)?;
        let answer = plain_http::send(&self.authority, request, PATIENCE)
            .await
            .map_err(silent)?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_FOUND => Err(FaultError::Gone),
            StatusCode::BAD_REQUEST => Err(FaultError::Refused(sentence(&answer))),
            status => Err(FaultError::Silent(format!("it answered {status}"))),
        }
    }
}

impl FaultBoard for LocalFaults {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ActiveFault>, FaultError>> {
        async {
            let answer = self.call(Method::GET, PATH, Bytes::new()).await?;
            let listed: Listed = serde_json::from_slice(&answer.body).map_err(silent)?;
            Ok(listed.faults)
        }
        .boxed()
    }

    fn start(&self, fault: Value) -> BoxFuture<'_, Result<(), FaultError>> {
        async move {
            let body = Bytes::from(fault.to_string());
            self.call(Method::POST, PATH, body).await?;
            Ok(())
        }
        .boxed()
    }

    fn stop(&self, id: String) -> BoxFuture<'_, Result<(), FaultError>> {
        async move {
            // What is no number is no fault's, and must not become a part of the path.
            let number: u64 = id.parse().map_err(|_| FaultError::Gone)?;
            let path = format!("{PATH}/{number}");
            self.call(Method::DELETE, &path, Bytes::new()).await?;
            Ok(())
        }
        .boxed()
    }
}

/// Google's error shape, as all of the local cloud's API has it.
fn sentence(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = body["error"]["message"].as_str();
    message
        .unwrap_or("The local cloud refused that fault.")
        .to_owned()
}

fn silent(error: impl std::error::Error) -> FaultError {
    FaultError::Silent(error.to_string())
}
