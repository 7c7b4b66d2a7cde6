//! What every instance of the fleet shares and nobody else may know: the session key and the
//! password's hash, in one small file or in Secret Manager.

mod ask;
mod ensure;
mod file;
mod manager;
mod password;
mod vault;

pub(crate) use ask::{PASSWORD_FILE, ask_new, preset};
pub(crate) use ensure::ensure;
pub(crate) use file::{Secrets, create, new_session_key, set_password};
pub(crate) use manager::{AT_GOOGLE, LOCALLY, SecretManager};
pub(crate) use password::{PasswordError, accept, generate, hash, verify};
pub(crate) use vault::Vault;
