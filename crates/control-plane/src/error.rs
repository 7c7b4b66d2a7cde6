use crate::GroupId;

/// Why something cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The fleet has no such group.
    #[error("there is no group {0}")]
    NoSuchGroup(GroupId),
    /// The group has no autoscaler, or one whose policy cannot be read.
    #[error("the group {0} has no autoscaler with a policy that can be read")]
    NoAutoscaler(GroupId),
    /// Nothing has been read yet, and the cloud refuses or is silent: also when a page token is not
    /// one of its own.
    #[error("{} cannot be read: {}", .0.source, .0.message)]
    Unavailable(crate::Problem),
}
