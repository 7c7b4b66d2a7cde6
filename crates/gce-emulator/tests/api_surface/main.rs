//! The REST surface over HTTP, against a whole local cloud with real processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod apis;
mod beside;
mod certificates;
mod cloud;
mod faults;
mod groups;
mod http;
mod identity;
mod kinds;
mod lists;
mod logging;
mod metadata;
mod monitoring;
mod operations;
mod pace;
mod resources;
mod safety;
mod signals;
mod simulated;
mod state;
mod updates;
