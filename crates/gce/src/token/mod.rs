//! Where access tokens come from.

mod google;
mod metadata;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use google::GoogleToken;

/// How long fetching a token may take. gcp_auth has no limit of its own, and off Google its question
/// to the metadata server would hang until the system gives up connecting.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Gives the access token for the next request, from its own cache where it can.
#[async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// `None` sends the request without an `Authorization` header.
    async fn token(&self) -> Result<Option<Secret>, TokenError>;
}

/// Sends no token: the local cloud asks for none.
#[derive(Clone, Copy, Debug)]
pub struct NoToken;

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self) -> Result<Option<Secret>, TokenError> {
        Ok(None)
    }
}

/// A token, kept out of logs.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token.
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The text, for a header of a request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No credentials were found, or Google did not accept them.
    #[error("Google's credentials do not work")]
    Credentials(#[source] gcp_auth::Error),
    /// The metadata server could not be asked.
    #[error("the metadata server did not give a token")]
    Metadata(#[source] reqwest::Error),
    /// Nobody answered in time.
    #[error("no access token within {} s", TOKEN_TIMEOUT.as_secs())]
    Timeout,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(
            format!("{:?}", Secret::new("ya29.secret".to_owned())),
            "****"
        );
    }
}
