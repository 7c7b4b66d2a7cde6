//! What every instance of the fleet shares and nobody else may know: the session key and the
//! password's hash, in one small file.

mod file;
mod password;
mod vault;

pub(crate) use file::{Secrets, create, set_password};
pub(crate) use password::{PasswordError, accept, generate, verify};
pub(crate) use vault::Vault;
