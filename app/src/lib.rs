//! The face of FlaskScale: the public site and the console.
//!
//! Every page is drawn whole on the server and is right without a script. What changes by itself in
//! the console is an island: it gets what the server drew as its properties and refines it from the
//! page's stream. The public page refines itself with a few lines of script and loads no WASM.

// The router's and the view's types nest deeper than the compiler's default.
#![recursion_limit = "512"]
#![allow(
    unreachable_pub,
    reason = "the macros of Leptos make public items of private ones"
)]

pub mod chart;
pub mod console;
pub mod error;
pub mod live;
pub mod parts;
pub mod session;
pub mod text;

#[cfg(feature = "ssr")]
mod app;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod flash;
#[cfg(feature = "ssr")]
mod freshness;
#[cfg(feature = "ssr")]
mod login;
mod own_metric;
#[cfg(feature = "ssr")]
mod public;
#[cfg(feature = "ssr")]
mod router;
#[cfg(feature = "ssr")]
mod services;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod theme;

pub use own_metric::OwnMetric;
#[cfg(feature = "ssr")]
pub use {
    router::{page_paths, router},
    services::{CloudLabel, InstanceIdentity, Services},
    shell::CspNonce,
};
