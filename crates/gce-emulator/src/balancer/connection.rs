//! What the requests of one client's connection share.

use super::custom_headers::TlsFacts;
use super::deadline::Deadline;

#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) deadline: Deadline,
    /// `None` for plain HTTP.
    pub(super) tls: Option<TlsFacts>,
}

impl Connection {
    pub(super) fn plain() -> Self {
        Self::default()
    }

    pub(super) fn secure(facts: TlsFacts) -> Self {
        Self {
            tls: Some(facts),
            ..Self::default()
        }
    }
}
