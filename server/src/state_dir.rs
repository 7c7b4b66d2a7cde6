//! Where the local cloud keeps what must survive.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The file with the session key and the password hash, inside a state directory.
pub(crate) const SECRETS_FILE: &str = "secrets.json";

/// The directory that was asked for, or the platform's place for a program's data.
pub(crate) fn choose(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    asked.map_or_else(|| data_dir("flaskscale"), absolute)
}

/// The same for a local cloud with a deployment of this name, whose own directory is beside those of others.
#[cfg(feature = "local")]
pub(crate) fn choose_for(asked: Option<PathBuf>, deployment: &str) -> Result<PathBuf, Failure> {
    let own = || data_dir(&format!("flaskscale-deployments/{deployment}"));
    asked.map_or_else(own, absolute)
}

fn data_dir(name: &str) -> Result<PathBuf, Failure> {
    let data = dirs::data_dir()
        .ok_or_else(|| Failure::input("no home directory: name one with --state-dir"))?;
    absolute(data.join(name))
}

fn absolute(chosen: PathBuf) -> Result<PathBuf, Failure> {
    std::path::absolute(&chosen).map_err(|error| {
        Failure::input_because(format!("--state-dir {}", chosen.display()), &error)
    })
}

/// Makes the directory, readable by its owner alone, and proves that it can be written.
pub(crate) fn prepare(directory: &Path) -> Result<(), Failure> {
    let refuse = |error: &std::io::Error| {
        Failure::input_because(
            format!("cannot write the state directory {}", directory.display()),
            error,
        )
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| refuse(&error))?;
    let probe = directory.join(format!(".write-test-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(|error| refuse(&error))?;
    std::fs::remove_file(&probe).map_err(|error| refuse(&error))
}
