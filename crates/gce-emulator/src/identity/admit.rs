//! Whether a call is let in.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{SOMEBODY, bearer, may, roles};
use crate::{api::Cloud, apis::Asked, error::ApiError, faults::api::name_of};

/// The caller's e-mail address, if the call may be made.
pub(crate) fn admit(
    cloud: &Cloud,
    headers: &HeaderMap,
    method: &Method,
    path: &str,
) -> Result<String, ApiError> {
    let Some(email) = bearer(cloud.store(), headers) else {
        if cloud.requires_auth() {
            return Err(ApiError::unauthenticated(
                headers.contains_key(header::AUTHORIZATION),
            ));
        }
        return Ok(SOMEBODY.to_owned());
    };
    let name = name_of(method, path);
    let Some(permission) = name.as_deref().and_then(roles::permission) else {
        return Ok(email);
    };
    let store = cloud.store();
    let holder = Asked::read(method, path).and_then(|asked| asked.holder(store.project()));
    if may(store, &email, &permission, holder.as_deref()) {
        return Ok(email);
    }
    Err(ApiError::forbidden(if permission.starts_with("compute.") {
        let resource = path.find("projects/").map_or(path, |at| &path[at..]);
        format!("Required '{permission}' permission for '{resource}'")
    } else {
        format!("Permission '{permission}' denied on resource (or it may not exist).")
    }))
}

/// Lets calls in that do not look themselves: those of Monitoring and Logging, and batches, whose
/// parts look again.
pub(crate) async fn check(State(cloud): State<Cloud>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let open = [
        "/_emulator/",
        "/token",
        "/o/oauth2/token",
        "/compute/",
        "/projects/",
        "/v1/",
        "/dns/",
    ];
    if open.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    match admit(&cloud, request.headers(), request.method(), path) {
        Ok(_) => next.run(request).await,
        Err(error) => error.rpc().into_response(),
    }
}
