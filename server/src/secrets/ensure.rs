//! The secrets of whoever starts for the first time.

use std::{error::Error, path::Path};

use super::{Secrets, ask, file, password};
use crate::failure::Failure;

/// Makes the file if it is not there, and gives the password if it was made up here. Of two programs
/// that start at once one makes it, and the other takes what it finds.
pub(crate) fn ensure(path: &Path) -> Result<Option<String>, Failure> {
    let refuse = |error: &dyn Error| Failure::input_because("the console's secrets", error);
    if !path.exists() {
        let preset = ask::preset()?;
        let password = preset.clone().unwrap_or_else(password::generate);
        match file::create(path, &password) {
            Ok(()) => return Ok(preset.is_none().then_some(password)),
            Err(error) if file::is_there_already(&error) => {}
            Err(error) => return Err(refuse(&error)),
        }
    }
    Secrets::load(path)
        .map(|_| None)
        .map_err(|error| refuse(&error))
}
