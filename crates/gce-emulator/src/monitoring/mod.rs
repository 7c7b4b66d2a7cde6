//! Monitoring v3: `timeSeries.list` and `timeSeries.create`.
//!
//! ```text
//! select (filter, interval) -> align (a window, a point) -> reduce (a group, a series) -> page
//! ```

mod align;
mod create;
mod list;
mod query;
mod reduce;
mod shape;

pub(crate) use self::{create::create, list::list};
