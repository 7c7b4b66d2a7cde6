//! The console: what people see who run the fleet, and what they change.

#[cfg(feature = "ssr")]
pub mod frame;
#[cfg(feature = "ssr")]
mod reply;
#[cfg(feature = "ssr")]
pub mod states;

pub mod backtest;
pub mod connection;
pub mod faults;
pub mod group;
pub mod history;
pub mod instances;
pub mod overview;
pub mod policy;
