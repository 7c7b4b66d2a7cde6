#![doc = include_str!("../README.md")]

mod api;
mod apis;
pub mod balancer;
pub mod clock;
mod compute;
mod containers;
mod emulator;
pub mod error;
pub mod faults;
pub mod fleet;
mod housekeeping;
mod identity;
mod logging;
pub mod metadata_server;
pub mod metrics;
mod monitoring;
pub mod prober;
pub mod resource;
pub mod routing;
pub mod store;
pub mod supervise;
mod surroundings;

pub use self::containers::ContainerEngine;
pub use self::emulator::{Conditions, Config, Emulator, StartError};
pub use self::fleet::{Companion, Substitute, Workload};
