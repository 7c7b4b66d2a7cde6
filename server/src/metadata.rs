//! The metadata server: what a machine of the cloud is told about itself.

use std::{env, time::Duration};

use http::header::DATE;

use crate::plain_http::{self, Answer};

/// Names its real host, so that a program under test or in the local cloud asks another one.
const HOST_VARIABLE: &str = "GCE_METADATA_HOST";
const GOOGLE: &str = "metadata.google.internal:80";
const ROOT: &str = "/computeMetadata/v1/";
/// The server is on the machine's own link: it answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// A metadata server.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    authority: String,
}

impl Metadata {
    /// The one that `GCE_METADATA_HOST` names.
    pub(crate) fn named() -> Option<Self> {
        let host = env::var(HOST_VARIABLE)
            .ok()
            .filter(|host| !host.is_empty())?;
        Some(Self {
            authority: with_port(host),
        })
    }

    /// The named one, or Google's.
    pub(crate) fn google() -> Self {
        Self::named().unwrap_or_else(|| Self {
            authority: GOOGLE.to_owned(),
        })
    }

    /// A value, or `None` if it is not set or nobody answers as a metadata server does.
    pub(crate) async fn value(&self, path: &str) -> Option<String> {
        let answer = self.ask(path, PATIENCE).await?;
        let text = String::from_utf8(answer.body.to_vec()).ok()?;
        answer.status.is_success().then(|| text.trim().to_owned())
    }

    /// The cloud's time in milliseconds since the Unix epoch, good to a second. In a local cloud it is
    /// not ours.
    pub(crate) async fn now_ms(&self) -> Option<i64> {
        let answer = self.ask("instance/id", PATIENCE).await?;
        let date = answer.headers.get(DATE)?.to_str().ok()?;
        let date = jiff::fmt::rfc2822::parse(date).ok()?;
        Some(date.timestamp().as_millisecond())
    }

    /// Waits until anything under `path` differs from `etag`, at most for `patience`.
    pub(crate) async fn change(
        &self,
        path: &str,
        etag: &str,
        patience: Duration,
    ) -> Option<Answer> {
        let seconds = patience.as_secs();
        let path = format!(
            "{path}?recursive=true&wait_for_change=true&last_etag={etag}&timeout_sec={seconds}"
        );
        let answer = self.ask(&path, patience + PATIENCE).await?;
        answer.status.is_success().then_some(answer)
    }

    async fn ask(&self, path: &str, patience: Duration) -> Option<Answer> {
        let path = format!("{ROOT}{path}");
        let answer = plain_http::get(
            &self.authority,
            &path,
            &[("Metadata-Flavor", "Google")],
            patience,
        )
        .await;
        let answer = answer
            .inspect_err(|error| tracing::debug!(%error, "the metadata server is silent"))
            .ok()?;
        // Some networks answer for every name; only a real one signs itself so.
        let flavor = answer
            .headers
            .get("metadata-flavor")
            .is_some_and(|flavor| flavor == "Google");
        flavor.then_some(answer)
    }
}

fn with_port(host: String) -> String {
    if host.contains(':') {
        host
    } else {
        host + ":80"
    }
}
