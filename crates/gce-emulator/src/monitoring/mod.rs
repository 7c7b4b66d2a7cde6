//! Monitoring v3: `timeSeries.list` and `timeSeries.create`, and the descriptors of metrics.
//!
//! ```text
//! select (filter, interval) -> align (a window, a point) -> reduce (a group, a series) -> page
//! ```

mod align;
mod create;
mod descriptors;
mod list;
mod query;
mod reduce;
mod shape;
mod visibility;

pub(crate) use self::{
    create::create,
    descriptors::{create_descriptor, descriptor, descriptors},
    list::list,
};
