//! A deployment: what should exist, what does, and the steps between.
//!
//! ```text
//! Blueprint ─┐
//!            ├─ plan() → Vec<Step> ─ apply()
//! Inventory ─┘   pure      printable    acts
//! ```

mod apply;
mod blueprint;
mod inventory;
mod matches;
mod part;
mod plan;
mod step;

pub use apply::{ApplyError, apply};
pub use blueprint::Blueprint;
pub use inventory::Inventory;
pub use plan::plan;
pub use step::{Act, Step};
