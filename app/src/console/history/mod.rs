//! What the autoscaler and the people did, and why.

#[cfg(feature = "ssr")]
mod convert;
mod island;
mod model;
#[cfg(feature = "ssr")]
mod section;

#[cfg(feature = "ssr")]
pub(crate) use convert::change;
pub use island::HistoryList;
pub use model::{ChangeRow, HistoryKind, HistoryRow, HistoryView};
#[cfg(feature = "ssr")]
pub use {
    convert::{row, view},
    section::HistorySection,
};
