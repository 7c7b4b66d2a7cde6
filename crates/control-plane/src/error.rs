use crate::GroupId;

/// Why something cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The fleet has no such group.
    #[error("there is no group {0}")]
    NoSuchGroup(GroupId),
    /// The cloud refused: the page token is not one of its own, for example.
    #[error("the cloud did not answer the question")]
    Cloud(#[from] gce::Error),
    /// Nothing has been read yet, and reading does not work.
    #[error("{} cannot be read: {}", .0.source, .0.message)]
    Unavailable(crate::Problem),
}
