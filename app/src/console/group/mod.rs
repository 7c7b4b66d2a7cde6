//! One group: how it is, why it has this size, and what it did.

#[cfg(feature = "ssr")]
mod convert;
#[cfg(feature = "ssr")]
mod curves;
#[cfg(feature = "ssr")]
mod hold;
mod island;
mod model;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod query;
#[cfg(feature = "ssr")]
mod snapshot;

#[cfg(feature = "ssr")]
pub(crate) use convert::signal;
pub use island::{ChartPanel, GroupHead, WhyPanel};
pub use model::{Head, Reading, Signal, Why};
#[cfg(feature = "ssr")]
pub use {page::GroupPage, query::GroupQuery, snapshot::Snapshot};
