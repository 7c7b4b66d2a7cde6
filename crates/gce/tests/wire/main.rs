//! What goes over the wire, and what is made of the answers: against a server on port 0.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod beside;
mod metadata_token;
mod requests;
mod support;
