//! Whether the project has an API: a switch that takes a while to be noticed everywhere.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Asked, asked::Api, resource_manager, service_usage};
use crate::{api::Cloud, error::ApiError};

/// Refuses calls of an API that is not enabled, and those that cost where nobody pays.
pub(crate) async fn check(State(cloud): State<Cloud>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let asked = Asked::read(request.method(), path);
    let Some(service) = service(path, asked.as_ref()) else {
        return next.run(request).await;
    };
    let refusal = if service_usage::serves(&cloud, service) {
        let costs = asked.as_ref().map_or(service == COMPUTE, |asked| {
            !matches!(
                asked.api,
                Api::Billing
                    | Api::Iam
                    | Api::Iap
                    | Api::OrgPolicy
                    | Api::ResourceManager
                    | Api::ServiceUsage
            )
        });
        let changes = request.method() != Method::GET;
        if !(costs && changes) || resource_manager::is_paid_for(&cloud) {
            return next.run(request).await;
        }
        ApiError::billing_disabled(service)
    } else {
        ApiError::service_disabled(service, service_usage::title(service))
    };
    match service {
        COMPUTE | "dns.googleapis.com" => refusal.into_response(),
        _ => refusal.rpc().into_response(),
    }
}

const COMPUTE: &str = "compute.googleapis.com";

/// The API that a path belongs to. The one that enables others cannot be without itself.
fn service(path: &str, asked: Option<&Asked>) -> Option<&'static str> {
    match asked.map(|asked| asked.api) {
        Some(Api::ServiceUsage) => return None,
        Some(api) => return Some(api.host()),
        None => {}
    }
    let roots = [
        ("/compute/", COMPUTE),
        ("/batch", COMPUTE),
        ("/projects/", COMPUTE),
        ("/v2/", "logging.googleapis.com"),
        ("/v3/", "monitoring.googleapis.com"),
    ];
    let found = roots.iter().find(|(root, _)| path.starts_with(root));
    found.map(|(_, service)| *service)
}
