//! The local cloud: Google's REST surface, real processes as instances, a real balancer.

pub mod clock;
pub mod metrics;
pub mod resource;
pub mod store;
