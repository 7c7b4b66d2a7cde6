//! The HTTP stack around the pages: what every request passes on its way in and out.

mod access;
pub(crate) mod console_host;
mod files;
mod headers;
mod health;
mod intake;
pub(crate) mod metrics;
mod nonce;
pub(crate) mod page_cache;
mod serve;
mod shield;
pub(crate) mod stack;
mod trace;
pub(crate) mod visitor;

pub(crate) use serve::{Bound, Shutdown, bind};
