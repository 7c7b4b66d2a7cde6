//! Logging v2: `entries:list` and `entries:write`.

mod list;
mod write;

pub(crate) use self::{list::list, write::write};
