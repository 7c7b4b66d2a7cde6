//! The public site.
//!
//! It ships no WASM. The smallest island that shows three numbers costs a visitor 68 KB of
//! compressed WASM, and 99 KB once the console's islands were split off the same bundle, while
//! the script that puts the server's own fragments into the page is a few hundred bytes.

mod home;
mod missing;
mod model;
mod proof;
mod status;

pub(crate) use {home::HomePage, missing::NotFoundPage, status::parts};
