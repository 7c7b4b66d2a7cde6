//! Where the local cloud keeps what must survive.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The file with the session key and the password hash, inside a state directory.
pub(crate) const SECRETS_FILE: &str = "secrets.json";

/// The directory that was asked for, or the platform's place for a program's data.
pub(crate) fn choose(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let chosen = match asked {
        Some(directory) => directory,
        None => dirs::data_dir()
            .map(|data| data.join("flaskscale"))
            .ok_or_else(|| Failure::input("no home directory: name one with --state-dir"))?,
    };
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
