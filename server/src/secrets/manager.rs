//! The secrets in Secret Manager, read with the identity of the instance.

use std::{env, fmt, time::Duration};

use gce::Client;
use sha2::{Digest, Sha256};

use super::{
    file::{Secrets, hex},
    password,
};
use crate::failure::{self, Failure};

const SESSION_KEY: &str = "FLASKSCALE_SESSION_KEY_SECRET";
const PASSWORD_HASH: &str = "FLASKSCALE_ADMIN_PASSWORD_SECRET";

/// At Google each reading is paid for, and a new password may take this long to reach an instance.
pub(crate) const AT_GOOGLE: Duration = Duration::from_mins(5);
/// A local cloud is read as often as everything else of it.
pub(crate) const LOCALLY: Duration = Duration::from_secs(1);
/// A new account's permissions take minutes to arrive; nothing is gained by asking more often.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Where the two secrets are.
#[derive(Clone, Debug)]
pub(crate) struct SecretManager {
    client: Client,
    session_key: VersionName,
    password_hash: VersionName,
    read_every: Duration,
}

/// Why the secrets are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManagerError {
    /// Secret Manager refuses or is silent.
    #[error("cannot read {name}")]
    Read {
        /// The version.
        name: String,
        /// What it says.
        source: gce::Error,
    },
    /// The version holds something else. What it holds is told to nobody.
    #[error("{name} is not what it should be: {what}")]
    Unfit {
        /// The version.
        name: String,
        /// The first thing that is wrong.
        what: &'static str,
    },
}

impl SecretManager {
    /// What the environment names: both secrets or none. `read_every` is how soon a change is seen.
    pub(crate) fn from_env(
        client: Option<&Client>,
        read_every: Duration,
    ) -> Result<Option<Self>, Failure> {
        let (session_key, password_hash) = match (named(SESSION_KEY)?, named(PASSWORD_HASH)?) {
            (None, None) => return Ok(None),
            (Some(session_key), Some(password_hash)) => (session_key, password_hash),
            (None, Some(_)) => return Err(alone(PASSWORD_HASH, SESSION_KEY)),
            (Some(_), None) => return Err(alone(SESSION_KEY, PASSWORD_HASH)),
        };
        let client = client.cloned().ok_or_else(|| {
            Failure::input(format!(
                "{SESSION_KEY} is set, but there is no cloud to read it from"
            ))
        })?;
        Ok(Some(Self {
            client,
            session_key,
            password_hash,
            read_every,
        }))
    }

    /// How long what was read holds before it is read again.
    pub(super) fn read_every(&self) -> Duration {
        self.read_every
    }

    /// The secrets, as soon as they can be read. Each failure is logged with what would help.
    pub(super) async fn first(&self) -> Secrets {
        let mut pause = Duration::from_secs(1);
        loop {
            match self.read().await {
                Ok(secrets) => return secrets,
                Err(error) => tracing::warn!(
                    error = failure::chain(&error),
                    again_in_s = pause.as_secs(),
                    "nothing is served before the secrets are read"
                ),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) async fn read(&self) -> Result<Secrets, ManagerError> {
        let (session_key, password_hash) =
            tokio::try_join!(self.text(&self.session_key), self.text(&self.password_hash))?;
        if !password::is_hash(&password_hash) {
            return Err(self.password_hash.unfit("it holds no password hash"));
        }
        Secrets::assemble(self.session_key.id(), &session_key, password_hash)
            .map_err(|what| self.session_key.unfit(what))
    }

    async fn text(&self, version: &VersionName) -> Result<String, ManagerError> {
        let VersionName {
            project,
            secret,
            version: number,
        } = version;
        let read = self.client.access_secret_of(project, secret, number);
        let payload = read.await.map_err(|source| ManagerError::Read {
            name: version.to_string(),
            source,
        })?;
        let text = std::str::from_utf8(payload.expose());
        text.map(|text| text.trim().to_owned())
            .map_err(|_| version.unfit("it is not text"))
    }
}

/// `projects/P/secrets/S/versions/V`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct VersionName {
    project: String,
    secret: String,
    version: String,
}

impl VersionName {
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let ["projects", project, "secrets", secret, "versions", version] = parts[..] else {
            return None;
        };
        if [project, secret, version].contains(&"") {
            return None;
        }
        Some(Self {
            project: project.to_owned(),
            secret: secret.to_owned(),
            version: version.to_owned(),
        })
    }

    /// Names the cookies of the fleet: the same on every instance, and after a new version of the key.
    fn id(&self) -> String {
        let secret = format!("{}/{}", self.project, self.secret);
        hex(&Sha256::digest(secret.as_bytes())[..4])
    }

    fn unfit(&self, what: &'static str) -> ManagerError {
        ManagerError::Unfit {
            name: self.to_string(),
            what,
        }
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            project,
            secret,
            version,
        } = self;
        write!(f, "projects/{project}/secrets/{secret}/versions/{version}")
    }
}

fn named(variable: &str) -> Result<Option<VersionName>, Failure> {
    let text = env::var(variable).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    VersionName::parse(&text).map(Some).ok_or_else(|| {
        Failure::input(format!(
            "{variable} is {text:?}; a name like projects/my-project/secrets/my-secret/versions/latest \
             is allowed"
        ))
    })
}

fn alone(given: &str, missing: &str) -> Failure {
    Failure::input(format!("{missing} is missing: it goes with {given}"))
}
