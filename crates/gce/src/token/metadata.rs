use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Secret, TokenError};
use crate::client::plain_http;

/// The metadata server hands out a new token about five minutes before the old one ends (four on
/// serverless), so asking earlier than this would only bring the same token again.
const REFRESH_BEFORE: Duration = Duration::from_mins(1);

/// The token of an instance's service account, from a metadata server at a given host.
#[derive(Debug)]
pub(super) struct MetadataToken {
    url: String,
    http: reqwest::Client,
    cached: Mutex<Option<Cached>>,
}

#[derive(Debug)]
struct Cached {
    token: Secret,
    refresh_at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

impl MetadataToken {
    pub(super) fn new(host: &str) -> Result<Self, TokenError> {
        Ok(Self {
            url: format!("http://{host}{PATH}"),
            http: plain_http().map_err(TokenError::Metadata)?,
            cached: Mutex::new(None),
        })
    }

    /// One caller fetches while the others wait for its result.
    pub(super) async fn token(&self) -> Result<Secret, TokenError> {
        let mut cached = self.cached.lock().await;
        if let Some(cached) = cached
            .as_ref()
            .filter(|cached| Instant::now() < cached.refresh_at)
        {
            return Ok(cached.token.clone());
        }
        let answer = self.fetch().await.map_err(TokenError::Metadata)?;
        let token = Secret::new(answer.access_token);
        let lifetime = Duration::from_secs(answer.expires_in).saturating_sub(REFRESH_BEFORE);
        *cached = Some(Cached {
            token: token.clone(),
            refresh_at: Instant::now() + lifetime,
        });
        Ok(token)
    }

    async fn fetch(&self) -> Result<Answer, reqwest::Error> {
        let request = self.http.get(&self.url).header("Metadata-Flavor", "Google");
        request.send().await?.error_for_status()?.json().await
    }
}

const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
