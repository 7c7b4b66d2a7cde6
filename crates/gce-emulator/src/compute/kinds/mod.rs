//! What only one kind knows.

mod autoscaler;
mod backend_service;
mod forwarding_rule;
mod health_check;
mod instance;
mod instance_group;
mod instance_group_manager;
mod instance_template;
mod target_http_proxy;
mod url_map;
pub(super) use self::{
    autoscaler::Autoscaler, backend_service::BackendService, forwarding_rule::ForwardingRule,
    health_check::HealthCheck, instance::Instance, instance_group::InstanceGroup,
    instance_group_manager::InstanceGroupManager, instance_template::InstanceTemplate,
    target_http_proxy::TargetHttpProxy, url_map::UrlMap,
};
