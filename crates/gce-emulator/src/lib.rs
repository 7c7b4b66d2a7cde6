//! The local cloud: Google's REST surface, real processes as instances, a real balancer.

pub mod balancer;
pub mod clock;
pub mod fleet;
pub mod metrics;
pub mod prober;
pub mod resource;
pub mod routing;
pub mod store;
pub mod supervise;
