//! Changing a policy: edit, see what will change, apply, undo.

#[cfg(feature = "ssr")]
mod api;
mod edit;
mod fields;
mod island;
mod model;
#[cfg(feature = "ssr")]
mod outcome;
#[cfg(feature = "ssr")]
mod section;

pub use fields::{Field, Fields};
pub use island::PolicyEditor;
pub use model::{Check, PolicyForm};
#[cfg(feature = "ssr")]
pub(crate) use outcome::outcome;
#[cfg(feature = "ssr")]
pub(crate) use section::form;
#[cfg(feature = "ssr")]
pub use {api::ApplyPolicy, section::PolicySection};
