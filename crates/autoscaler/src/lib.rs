//! The decision: GCE's autoscaling policy, its arithmetic and its reasons. Pure.

mod timestamp;

pub use timestamp::Timestamp;
