//! The data path: HTTP/1.1 from a client's connection to a backend's and back.
//!
//! ```text
//! Conversation                    one client's connection, request after request
//! ├── Asked ─ Upload              a request: its head as the backend gets it, then its body
//! ├── Backend                     a connection to an instance, from its Idle ones or new
//! └── Reply ─ Download            an answer: its head as the client gets it, then its body
//! ```
//!
//! One task serves a client's connection. It holds the connection to a backend only while a request
//! is under way, moves both bodies at once, and looks at every byte of their framing: what it cannot
//! tell the end of, it does not pass on.

mod alarm;
mod asked;
mod backend;
mod body;
mod chunked;
mod conversation;
mod download;
mod fields;
mod framing;
mod inbound;
mod reply;
mod tunnel;
mod upload;

pub(super) use backend::Idle;
pub(super) use conversation::Conversation;
pub(super) use fields::{Fields, field, write as write_field};
