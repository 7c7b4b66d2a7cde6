#![doc = include_str!("../README.md")]

mod client;
mod clock;
pub mod compute;
mod endpoints;
mod error;
pub mod logging;
pub mod monitoring;
mod open_enum;
mod operation;
mod page;
mod request;
mod resource;
mod retry;
mod scope;
mod token;

pub use client::Client;
pub use endpoints::Endpoints;
pub use error::{ApiError, Error, ErrorItem, OperationError};
pub use request::new_request_id;
pub use resource::Resource;
pub use retry::RetryPolicy;
pub use scope::{Scope, name_of, relative};
pub use token::{GoogleToken, NoToken, Secret, TokenError, TokenSource};
