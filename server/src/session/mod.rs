//! Sessions: who may use the console, kept in encrypted cookies that every instance accepts.

mod cookie;
mod guard;
mod limiter;
mod login;

pub(crate) use guard::{Area, guard};
pub(crate) use login::{Doorkeeper, log_in, log_out};
