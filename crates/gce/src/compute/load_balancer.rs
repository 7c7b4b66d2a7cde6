use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::wire::wire_struct;
use crate::open_enum::open_enum;
use crate::{Client, Error, Resource, Scope};

wire_struct! {
    /// How instances are probed.
    pub struct HealthCheck {
        /// Its name.
        pub name: String,
        /// `HTTP` and the like; says which block holds the details.
        #[serde(rename = "type")]
        pub kind: Option<String>,
        /// Seconds between two probes.
        pub check_interval_sec: Option<i32>,
        /// Seconds for an answer.
        pub timeout_sec: Option<i32>,
        /// Good probes in a row that make an instance healthy.
        pub healthy_threshold: Option<i32>,
        /// Bad probes in a row that make it unhealthy.
        pub unhealthy_threshold: Option<i32>,
        /// The details of `HTTP`.
        pub http_health_check: Option<HttpHealthCheck>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// The details of an HTTP health check.
    pub struct HttpHealthCheck {
        /// The port, unless the serving port is probed.
        pub port: Option<u16>,
        /// `/health`.
        pub request_path: Option<String>,
        /// The `Host` header.
        pub host: Option<String>,
        /// `USE_FIXED_PORT`, `USE_NAMED_PORT` or `USE_SERVING_PORT`.
        pub port_specification: Option<String>,
    }
}

wire_struct! {
    /// Groups that serve the same thing.
    pub struct BackendService {
        /// Its name.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// The groups.
        pub backends: Vec<Backend>,
        /// URLs; at most one.
        pub health_checks: Vec<String>,
        /// The named port of the groups.
        pub port_name: Option<String>,
        /// `HTTP`.
        pub protocol: Option<String>,
        /// Seconds for a whole request and its answer.
        pub timeout_sec: Option<i32>,
        /// `EXTERNAL_MANAGED`; the same as the forwarding rule's.
        pub load_balancing_scheme: Option<String>,
        /// Base64; changes with each change.
        pub fingerprint: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// One group of a backend service.
    pub struct Backend {
        /// The full URL of the instance group.
        pub group: Option<String>,
        /// `UTILIZATION`, `RATE`, …
        pub balancing_mode: Option<String>,
        /// 0 to 1.
        pub max_utilization: Option<f64>,
        /// The requests each second that an instance is to get at most, in the mode RATE.
        pub max_rate_per_instance: Option<f64>,
        /// 0, or 0.1 to 1; 0 drains.
        pub capacity_scaler: Option<f64>,
    }
}

wire_struct! {
    /// How a backend service sees one instance.
    pub struct HealthStatus {
        /// The instance's URL.
        pub instance: Option<String>,
        /// Absent until the first probe has ended.
        pub health_state: Option<HealthState>,
        /// Its address.
        pub ip_address: Option<String>,
        /// The named port, not the probed one.
        pub port: Option<u16>,
    }
}

open_enum! {
    /// What a probe says.
    pub enum HealthState {
        /// It answers.
        Healthy = "HEALTHY",
        /// It does not.
        Unhealthy = "UNHEALTHY",
    }
}

wire_struct! {
    /// Which backend service gets which path.
    pub struct UrlMap {
        /// Its name.
        pub name: String,
        /// The URL of the backend service for everything else.
        pub default_service: Option<String>,
        /// Base64; changes with each change.
        pub fingerprint: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// What ends HTTP connections for a URL map.
    pub struct TargetHttpProxy {
        /// Its name.
        pub name: String,
        /// The URL of the URL map.
        pub url_map: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// An address and port in front of a proxy.
    pub struct ForwardingRule {
        /// Its name.
        pub name: String,
        /// A literal address in answers.
        #[serde(rename = "IPAddress")]
        pub ip_address: Option<String>,
        /// `TCP`.
        #[serde(rename = "IPProtocol")]
        pub ip_protocol: Option<String>,
        /// `80-80`.
        pub port_range: Option<String>,
        /// The URL of the proxy.
        pub target: Option<String>,
        /// The same as the backend service's.
        pub load_balancing_scheme: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

impl Resource for HealthCheck {
    const COLLECTION: &'static str = "healthChecks";
}

impl Resource for BackendService {
    const COLLECTION: &'static str = "backendServices";
}

impl Resource for UrlMap {
    const COLLECTION: &'static str = "urlMaps";
}

impl Resource for TargetHttpProxy {
    const COLLECTION: &'static str = "targetHttpProxies";
}

impl Resource for ForwardingRule {
    const COLLECTION: &'static str = "forwardingRules";
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct GroupHealth {
    health_status: Vec<HealthStatus>,
}

impl Client {
    /// The health of one group behind a backend service: one call per group. Empty until the first
    /// probes have ended.
    pub async fn backend_health(
        &self,
        scope: &Scope,
        service: &str,
        group_url: &str,
    ) -> Result<Vec<HealthStatus>, Error> {
        let path = [BackendService::COLLECTION, service, "getHealth"];
        let request = self.compute(Method::POST, scope, &path)?;
        let request = request.body(json!({ "group": group_url })).repeatable();
        Ok(self.send::<GroupHealth>(&request).await?.health_status)
    }
}
