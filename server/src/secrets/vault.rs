//! The secrets as a running instance sees them: they follow the file, or Secret Manager.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use super::{file::Secrets, manager::SecretManager};
use crate::failure;

/// How soon a new password reaches an instance. A look costs one `stat`.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The present secrets, or the reason why there are none.
type Current = Mutex<Result<Arc<Secrets>, String>>;

/// A shared view of the present secrets.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    current: Arc<Current>,
}

impl Vault {
    /// Loads the file and follows it for as long as a copy of the vault lives.
    ///
    /// Without a file there are no secrets, ever: the console then says why it is closed.
    pub(crate) fn open(path: Option<PathBuf>) -> Self {
        let Some(path) = path else {
            let reason = "the console is closed: FLASKSCALE_SECRETS_FILE names no file".to_owned();
            return Self::holding(Err(reason));
        };
        let vault = Self::holding(load(&path));
        tokio::spawn(follow(path, Arc::downgrade(&vault.current)));
        vault
    }

    /// Waits for what Secret Manager holds, and follows it for as long as a copy of the vault lives.
    pub(crate) async fn of_manager(manager: SecretManager) -> Self {
        let vault = Self::holding(Ok(Arc::new(manager.first().await)));
        tokio::spawn(follow_manager(manager, Arc::downgrade(&vault.current)));
        vault
    }

    fn holding(current: Result<Arc<Secrets>, String>) -> Self {
        Self {
            current: Arc::new(Mutex::new(current)),
        }
    }

    /// The secrets, or the reason why there are none.
    pub(crate) fn current(&self) -> Result<Arc<Secrets>, String> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn follow(path: PathBuf, current: Weak<Current>) {
    let mut seen = stamp(&path);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(current) = current.upgrade() else {
            return;
        };
        let now = stamp(&path);
        if now != seen {
            seen = now;
            let loaded = load(&path);
            *current.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
        }
    }
}

/// What cannot be read for a while does not close the console: what was read last still holds.
async fn follow_manager(manager: SecretManager, current: Weak<Current>) {
    loop {
        tokio::time::sleep(manager.read_every()).await;
        let Some(current) = current.upgrade() else {
            return;
        };
        match manager.read().await {
            Ok(secrets) => {
                *current.lock().unwrap_or_else(PoisonError::into_inner) = Ok(Arc::new(secrets));
            }
            Err(error) => tracing::warn!(
                error = failure::chain(&error),
                "the secrets cannot be read again; the last ones hold"
            ),
        }
    }
}

/// What changes whenever the file is replaced. The inode catches two writes within one tick of the
/// file system's clock.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = metadata.len();
    Some((metadata.modified().ok()?, inode))
}

fn load(path: &Path) -> Result<Arc<Secrets>, String> {
    Secrets::load(path).map(Arc::new).map_err(|error| {
        tracing::error!(error = failure::chain(&error), "the secrets cannot be used");
        format!("the console is closed: {}", failure::chain(&error))
    })
}
