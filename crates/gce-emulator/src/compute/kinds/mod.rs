//! What only one kind knows.

mod address;
mod autoscaler;
mod backend_service;
mod firewall;
mod forwarding_rule;
mod health_check;
mod instance;
mod instance_group;
mod instance_group_manager;
mod instance_template;
mod ssl_certificate;
mod ssl_policy;
mod target_proxy;
mod url_map;
pub(super) use self::{
    address::Address, autoscaler::Autoscaler, backend_service::BackendService, firewall::Firewall,
    forwarding_rule::ForwardingRule, health_check::HealthCheck, instance::Instance,
    instance_group::InstanceGroup, instance_group_manager::InstanceGroupManager,
    instance_template::InstanceTemplate, ssl_certificate::SslCertificate, ssl_policy::SslPolicy,
    target_proxy::TargetProxy, url_map::UrlMap,
};
