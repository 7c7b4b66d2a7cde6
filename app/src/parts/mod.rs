//! Small components that every page shares.

mod meter;
mod moment;
mod notice;

pub use meter::Meter;
pub use moment::Moment;
pub use notice::{Notice, Trouble, Troubles};
