use crate::GroupId;

/// Why something cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The fleet has no such group.
    #[error("there is no group {0}")]
    NoSuchGroup(GroupId),
    /// Nothing has been read yet, and the cloud refuses or is silent: also when a page token is not
    /// one of its own.
    #[error("{} cannot be read: {}", .0.source, .0.message)]
    Unavailable(crate::Problem),
}
