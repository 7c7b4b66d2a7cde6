//! The secrets as a running instance sees them: they follow the file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::file::Secrets;
use crate::failure;

/// How soon a new password reaches an instance. A look costs one `stat`.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A shared view of the present secrets.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    current: Arc<Mutex<Result<Arc<Secrets>, String>>>,
}

impl Vault {
    /// Loads the file and follows it for as long as a copy of the vault lives.
    ///
    /// Without a file there are no secrets, ever: the console then says why it is closed.
    pub(crate) fn open(path: Option<PathBuf>) -> Self {
        let Some(path) = path else {
            let reason = "the console is closed: FLASKSCALE_SECRETS_FILE names no file".to_owned();
            return Self {
                current: Arc::new(Mutex::new(Err(reason))),
            };
        };
        let vault = Self {
            current: Arc::new(Mutex::new(load(&path))),
        };
        tokio::spawn(follow(path, Arc::downgrade(&vault.current)));
        vault
    }

    /// The secrets, or the reason why there are none.
    pub(crate) fn current(&self) -> Result<Arc<Secrets>, String> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn follow(path: PathBuf, current: std::sync::Weak<Mutex<Result<Arc<Secrets>, String>>>) {
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
