//! Every group at a glance.

#[cfg(feature = "ssr")]
mod convert;
mod island;
mod model;
#[cfg(feature = "ssr")]
mod page;

pub use island::GroupList;
pub use model::{GroupRow, LastEvent, Overview};
#[cfg(feature = "ssr")]
pub use {convert::overview, page::OverviewPage};
#[cfg(feature = "ssr")]
pub(crate) use {
    convert::{reading, troubles},
    page::links,
};
