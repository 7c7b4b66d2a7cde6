//! The one error that leaves a server function.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// What went wrong, in words for the person who asked. Causes stay in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AppError {
    /// Nobody is logged in.
    #[error("Log in first.")]
    Unauthorized,
    /// Somebody is logged in who may not do this.
    #[error("Your role does not allow this.")]
    Forbidden,
    /// There is no such group or instance (any more).
    #[error("{0} does not exist.")]
    NotFound(String),
    /// Values that cannot be; nothing was changed.
    #[error("{0}")]
    Invalid(String),
    /// Somebody else was faster; nothing was changed.
    #[error("{0}")]
    Conflict(String),
    /// The cloud is absent or refused.
    #[error("{0}")]
    Unavailable(String),
    /// The request never reached the function, or its answer was lost.
    #[error("The request failed on its way: {0}")]
    Transport(String),
}

impl AppError {
    /// The HTTP status that belongs to the error.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::Invalid(_) => 422,
            Self::Unavailable(_) => 503,
            Self::Transport(_) => 400,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::Transport(error.to_string())
    }
}
