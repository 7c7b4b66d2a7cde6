//! The secrets that a program finds in its environment, as an instance at Google reads them from Secret
//! Manager before it starts its container.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{container::Secret, context::Context};

/// Why a program is not started: without what it needs it would fail in ways that say less.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("version {1} of the secret {0} is not there, or not enabled")]
    Missing(String, u64),
    /// What comes line by line cannot hold it, at Google neither.
    #[error("the secret {0} has more than one line, or is no text")]
    Lines(String),
    #[error("the secrets cannot be handed to the container: {0}")]
    File(#[from] io::Error),
}

/// The variables, with their values.
pub(super) fn read(
    context: &Context,
    secrets: &[Secret],
) -> Result<Vec<(String, String)>, SecretError> {
    let read = secrets.iter().map(|secret| {
        let Secret {
            variable,
            name,
            version,
        } = secret;
        let held = context.surroundings.secret(name, *version);
        let held = held.ok_or_else(|| SecretError::Missing(name.clone(), *version))?;
        let text = String::from_utf8(held).ok();
        // A shell takes the end of the last line away, and so does the script of an instance.
        let text = text.map(|text| text.trim_end_matches('\n').to_owned());
        let line = text.filter(|text| !text.contains(['\n', '\r', '\0']));
        let line = line.ok_or_else(|| SecretError::Lines(name.clone()))?;
        Ok((variable.clone(), line))
    });
    read.collect()
}

/// A file that nobody else may read, as long as its container runs: a command line could be read by
/// everybody on this machine, and the environment of an engine's client would change what that does.
#[derive(Debug)]
pub(super) struct SecretsFile(PathBuf);

const ENDING: &str = "secrets";

impl SecretsFile {
    /// Beside the instance's log; none without secrets.
    pub(super) fn write(log: &Path, secrets: &[(String, String)]) -> io::Result<Option<Self>> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let path = log.with_added_extension(ENDING);
        remove(&path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let written = Self(path);
        for (variable, value) in secrets {
            writeln!(file, "{variable}={value}")?;
        }
        Ok(Some(written))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SecretsFile {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(file = %self.0.display(), %error, "a file of secrets could not be removed");
        }
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what a cloud that was killed has left.
pub(super) fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = entries.map(|entry| entry.path());
    for file in left.filter(|file| file.extension().is_some_and(|ending| ending == ENDING)) {
        drop(SecretsFile(file));
    }
}
