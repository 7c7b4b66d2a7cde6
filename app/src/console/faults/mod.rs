//! What goes wrong in the local cloud on purpose: seen, switched on and off.

mod api;
#[cfg(feature = "ssr")]
mod board;
#[cfg(feature = "ssr")]
mod kind;
#[cfg(feature = "ssr")]
mod page;

pub use api::{start_fault, stop_fault};
#[cfg(feature = "ssr")]
pub use {
    board::{ActiveFault, FaultBoard, FaultError},
    kind::KINDS,
    page::FaultsPage,
};
