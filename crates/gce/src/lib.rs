#![doc = include_str!("../README.md")]

mod client;
mod clock;
pub mod compute;
pub mod dns;
mod endpoints;
mod error;
pub mod iam;
pub mod logging;
mod long_running;
pub mod monitoring;
mod open_enum;
mod operation;
pub mod org_policy;
mod page;
pub mod project;
pub mod repositories;
mod request;
mod resource;
mod retry;
mod scope;
pub mod secrets;
pub mod services;
mod token;

pub use client::{Client, http_client};
pub use endpoints::Endpoints;
pub use error::{ApiError, Error, ErrorItem, OperationError};
pub use request::new_request_id;
pub use resource::Resource;
pub use retry::RetryPolicy;
pub use scope::{Scope, name_of, relative};
pub use token::{GoogleToken, NoToken, Secret, TokenError, TokenSource};
