//! The instances of a group, and drills on them.

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod convert;
mod island;
mod model;
#[cfg(feature = "ssr")]
mod section;

pub use island::InstanceList;
pub use model::{DrillRow, InstanceRow, InstanceTable};
#[cfg(feature = "ssr")]
pub use {
    api::{StartDrill, StopDrill},
    convert::table,
    section::InstanceSection,
};
