//! The token with which this program calls the local cloud: on an instance that of the instance's
//! account, and elsewhere that of the project's default one, from the metadata that the API's own port
//! serves.

use std::time::Duration;

use async_trait::async_trait;
use gce::{Secret, TokenError, TokenSource};
use tokio::sync::OnceCell;

use crate::plain_http;

const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
const FLAVOR: (&str, &str) = ("Metadata-Flavor", "Google");
/// It is on this machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asked for once: a token of the local cloud is good as long as its state directory.
#[derive(Debug)]
pub(crate) struct LocalToken {
    authority: String,
    token: OnceCell<Secret>,
}

impl LocalToken {
    /// For the local cloud whose API is at `url`.
    pub(crate) fn of(url: &str) -> Self {
        let own = std::env::var("GCE_METADATA_HOST").ok();
        let own = own.filter(|host| !host.is_empty());
        let api = || url.trim_start_matches("http://").trim_end_matches('/');
        Self {
            authority: own.unwrap_or_else(|| api().to_owned()),
            token: OnceCell::new(),
        }
    }

    async fn ask(&self) -> Option<Secret> {
        let answer = plain_http::get(&self.authority, PATH, &[FLAVOR], PATIENCE).await;
        let token: serde_json::Value = serde_json::from_slice(&answer.ok()?.body).ok()?;
        Some(Secret::new(token["access_token"].as_str()?.to_owned()))
    }
}

#[async_trait]
impl TokenSource for LocalToken {
    /// A cloud that gives none is asked without: it will say itself what it thinks of that.
    async fn token(&self) -> Result<Option<Secret>, TokenError> {
        let token = self
            .token
            .get_or_try_init(|| async { self.ask().await.ok_or(()) });
        Ok(token.await.ok().cloned())
    }
}
