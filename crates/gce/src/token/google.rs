use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gcp_auth::TokenProvider;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::metadata::MetadataToken;
use super::{Secret, TOKEN_TIMEOUT, TokenError, TokenSource};

/// With IAM deciding what is allowed, the one broad scope is what Google recommends.
const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];

/// A Google access token, from the first of these that works:
///
/// 1. the metadata server named by `GCE_METADATA_HOST`, which gcp_auth would ignore;
/// 2. a service account's key, the file named by `GOOGLE_APPLICATION_CREDENTIALS`;
/// 3. the application default credentials of gcloud;
/// 4. the metadata server of a Google machine;
/// 5. `gcloud auth print-access-token`.
///
/// Looked for at the first request, not at construction: a program without network still starts.
pub struct GoogleToken {
    metadata: Option<MetadataToken>,
    provider: OnceCell<Arc<dyn TokenProvider>>,
}

impl GoogleToken {
    /// Reads `GCE_METADATA_HOST` (`host:port`, no scheme) now, everything else when first used.
    pub fn from_env() -> Result<Self, TokenError> {
        let host = std::env::var("GCE_METADATA_HOST")
            .ok()
            .filter(|host| !host.is_empty());
        let metadata = host.map(|host| MetadataToken::new(&host)).transpose()?;
        Ok(Self {
            metadata,
            provider: OnceCell::new(),
        })
    }

    async fn ask_gcp_auth(&self) -> Result<Secret, TokenError> {
        let provider = self.provider.get_or_try_init(gcp_auth::provider).await;
        let provider = provider.map_err(TokenError::Credentials)?;
        let token = provider
            .token(SCOPES)
            .await
            .map_err(TokenError::Credentials)?;
        Ok(Secret::new(token.as_str().to_owned()))
    }
}

impl fmt::Debug for GoogleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleToken")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenSource for GoogleToken {
    async fn token(&self) -> Result<Option<Secret>, TokenError> {
        let fetch = async {
            match &self.metadata {
                Some(metadata) => metadata.token().await,
                None => self.ask_gcp_auth().await,
            }
        };
        timeout(TOKEN_TIMEOUT, fetch)
            .await
            .map_err(|_| TokenError::Timeout)?
            .map(Some)
    }
}
