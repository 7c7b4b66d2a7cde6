//! The file `secrets.json`, readable by its owner alone.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use axum_extra::extract::cookie::Key;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::password::{self, PasswordError};

/// The only layout there has been.
const VERSION: u32 = 1;
/// The length that [`Key`] wants.
const KEY_BYTES: usize = 64;

/// The secrets of one fleet.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// Tells this fleet's cookies from those of another one on the same host, since cookies ignore ports.
    pub(crate) id: String,
    /// Encrypts and authenticates the session cookies.
    pub(crate) session_key: Key,
    /// The argon2id hash of the password of `admin`.
    pub(crate) password_hash: String,
    /// Changes with the password, and gives nothing away about it.
    pub(crate) fingerprint: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Secrets")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Puts the secrets together from where they are kept, or says which of them is not what it should
    /// be, and never what it is. `session_key` is Base64.
    pub(super) fn assemble(
        id: String,
        session_key: &str,
        password_hash: String,
    ) -> Result<Self, &'static str> {
        let key = STANDARD
            .decode(session_key)
            .map_err(|_| "session_key is not base64")?;
        if key.len() != KEY_BYTES {
            return Err("session_key does not have 64 bytes");
        }
        Ok(Self {
            fingerprint: fingerprint(&password_hash),
            id,
            session_key: Key::from(&key),
            password_hash,
        })
    }
}

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretsError {
    /// The file cannot be read or written.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file, which stays as it is.
        path: PathBuf,
        /// The first thing that is wrong.
        what: String,
    },
    /// The password breaks the rules.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    id: String,
    session_key: String,
    password_hash: String,
}

impl Secrets {
    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self, SecretsError> {
        let stored = read(path)?;
        let damaged = |what: &str| SecretsError::Damaged {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        if !stored.id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(damaged("id is not alphanumeric"));
        }
        Self::assemble(stored.id, &stored.session_key, stored.password_hash).map_err(damaged)
    }
}

/// Makes the file for a new fleet. One that is there already stays, and is an error.
pub(crate) fn create(path: &Path, password: &str) -> Result<(), SecretsError> {
    let stored = Stored {
        version: VERSION,
        id: hex(&rand::random::<[u8; 4]>()),
        session_key: new_session_key(),
        password_hash: password::hash(password)?,
    };
    write(path, &stored, |new| {
        fs::hard_link(new, path).and(fs::remove_file(new))
    })
}

/// Whether somebody else was faster to create the file.
pub(super) fn is_there_already(error: &SecretsError) -> bool {
    matches!(error, SecretsError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
}

/// A random key for session cookies, in Base64.
pub(crate) fn new_session_key() -> String {
    STANDARD.encode(rand::random::<[[u8; 32]; KEY_BYTES / 32]>().as_flattened())
}

/// Replaces the password, which ends every session, and keeps the rest.
pub(crate) fn set_password(path: &Path, password: &str) -> Result<(), SecretsError> {
    let mut stored = read(path)?;
    stored.password_hash = password::hash(password)?;
    write(path, &stored, |new| fs::rename(new, path))
}

fn read(path: &Path) -> Result<Stored, SecretsError> {
    let text = fs::read_to_string(path).map_err(|source| SecretsError::Io {
        path: path.to_owned(),
        source,
    })?;
    let damaged = |what: String| SecretsError::Damaged {
        path: path.to_owned(),
        what,
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if stored.version == VERSION {
        Ok(stored)
    } else {
        Err(damaged(format!("version {} is not known", stored.version)))
    }
}

/// Puts the file in place in one step, so that a crash leaves the old one or the new one, and an
/// instance that reads at the same moment sees a whole one.
fn write(
    path: &Path,
    stored: &Stored,
    place: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), SecretsError> {
    let fail = |source| SecretsError::Io {
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_vec_pretty(stored).map_err(|error| fail(error.into()))?;
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    write_private(&temporary, &text).map_err(fail)?;
    if let Err(error) = place(&temporary) {
        // What could not be put in place is no use to anybody, and holds a secret.
        let _ = fs::remove_file(&temporary);
        return Err(fail(error));
    }
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(directory.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(fail)
}

fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, text)?;
    file.sync_all()
}

fn fingerprint(password_hash: &str) -> String {
    hex(&Sha256::digest(password_hash.as_bytes())[..8])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn what_is_created_can_be_loaded_and_only_its_owner_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        create(&path, "correct horse battery").unwrap();
        let secrets = Secrets::load(&path).unwrap();
        assert!(password::verify(
            "correct horse battery",
            &secrets.password_hash
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn of_two_that_create_the_file_at_once_one_is_told_that_it_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        create(&path, "correct horse battery").unwrap();
        let error = create(&path, "another good password").unwrap_err();
        assert!(is_there_already(&error));
        let secrets = Secrets::load(&path).unwrap();
        assert!(password::verify(
            "correct horse battery",
            &secrets.password_hash
        ));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_password_keeps_the_key_and_changes_the_fingerprint() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        create(&path, "correct horse battery").unwrap();
        let before = Secrets::load(&path).unwrap();
        set_password(&path, "another good password").unwrap();
        let after = Secrets::load(&path).unwrap();
        assert_eq!(before.id, after.id);
        assert_eq!(before.session_key.master(), after.session_key.master());
        assert_ne!(before.fingerprint, after.fingerprint);
    }

    #[test]
    fn a_damaged_file_is_named_and_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        fs::write(&path, "{\"version\":1").unwrap();
        let error = Secrets::load(&path).unwrap_err().to_string();
        assert!(error.contains("secrets.json is damaged"), "{error}");
        assert!(set_password(&path, "another good password").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"version\":1");
    }
}
