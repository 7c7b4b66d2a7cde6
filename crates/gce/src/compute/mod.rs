//! Compute v1: the resources, as Google's JSON has them.
//!
//! Fields are optional because Google leaves out what is empty and because a PATCH states only what
//! it changes. 64-bit numbers are decimal strings, as on the wire.

mod autoscaler;
mod group;
mod image;
mod instance;
mod load_balancer;
mod operation;
mod place;
mod quota;
mod subnetwork;
mod tls;
pub(crate) mod wire;

pub use autoscaler::{Autoscaler, AutoscalerStatusDetail};
pub use group::{
    AttemptedAction, CurrentAction, GroupError, GroupStatus, InstanceGroupManager, InstanceHealth,
    ManagedInstance, NamedPort, VersionRef, VersionTarget,
};
pub use image::Image;
pub use instance::{
    Instance, InstanceProperties, InstanceStatus, InstanceTemplate, Metadata, MetadataItem,
    SerialPortOutput,
};
pub use load_balancer::{
    Backend, BackendService, ForwardingRule, HealthCheck, HealthState, HealthStatus,
    HttpHealthCheck, TargetHttpProxy, UrlMap,
};
pub use operation::{Operation, OperationErrorItem, OperationErrors, OperationStatus};
pub use place::{Region, Zone};
pub use quota::{Project, Quota};
pub use subnetwork::{RangeUtilization, Subnetwork, SubnetworkUtilization};
pub use tls::{ManagedCertificate, SslCertificate, SslPolicy, TargetHttpsProxy};
