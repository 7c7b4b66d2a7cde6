//! Service Usage v1: which APIs the project has enabled.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Asked, asked::Api, decide::decide, longrunning, not_emulated, page::page};
use crate::{
    api::Cloud,
    clock::{parse_rfc3339, rfc3339},
    compute::{call::Call, change::Change},
    error::ApiError,
    resource::{Key, Kind, PROJECT_NUMBER, Resource},
};

/// How long an API that was just enabled goes on refusing, in emulated time: at Google the
/// operation is done before every front end has heard of it.
const PROPAGATION: Duration = Duration::from_secs(10);

/// Google's limits for one call.
const ENABLE_AT_ONCE: usize = 20;
const GET_AT_ONCE: usize = 30;

/// The APIs that can be asked for: name, title, whether a new project of this cloud has it. Those
/// that are emulated are on, so that nothing has to be set up.
const SERVICES: [(&str, &str, bool); 17] = [
    (
        "artifactregistry.googleapis.com",
        "Artifact Registry API",
        true,
    ),
    (
        "certificatemanager.googleapis.com",
        "Certificate Manager API",
        false,
    ),
    ("cloudbilling.googleapis.com", "Cloud Billing API", true),
    ("cloudbuild.googleapis.com", "Cloud Build API", false),
    (
        "cloudresourcemanager.googleapis.com",
        "Cloud Resource Manager API",
        true,
    ),
    ("compute.googleapis.com", "Compute Engine API", true),
    ("dns.googleapis.com", "Cloud DNS API", true),
    (
        "iam.googleapis.com",
        "Identity and Access Management (IAM) API",
        true,
    ),
    ("iap.googleapis.com", "Cloud Identity-Aware Proxy API", true),
    ("logging.googleapis.com", "Cloud Logging API", true),
    ("monitoring.googleapis.com", "Cloud Monitoring API", true),
    ("orgpolicy.googleapis.com", "Organization Policy API", true),
    ("oslogin.googleapis.com", "Cloud OS Login API", false),
    ("secretmanager.googleapis.com", "Secret Manager API", true),
    ("serviceusage.googleapis.com", "Service Usage API", true),
    (
        "storage-api.googleapis.com",
        "Google Cloud Storage JSON API",
        false,
    ),
    ("storage.googleapis.com", "Cloud Storage API", false),
];

/// Whether calls of an API are answered.
pub(super) fn serves(cloud: &Cloud, service: &str) -> bool {
    let stored = cloud.store().get(&Key::global(Kind::Service, service));
    if !is_enabled(service, stored.as_deref()) {
        return false;
    }
    let since = stored.as_ref().and_then(|service| service.text("since"));
    let now = cloud.clock().now();
    since
        .and_then(parse_rfc3339)
        .is_none_or(|since| now.0 - since.0 >= PROPAGATION.as_millis() as i64)
}

/// What people call an API.
pub(super) fn title(service: &str) -> &'static str {
    let found = SERVICES.iter().find(|(name, ..)| *name == service);
    found.map_or("This API", |(_, title, _)| title)
}

pub(super) async fn answer(
    cloud: &Cloud,
    asked: &Asked,
    call: Call,
    names: Vec<String>,
) -> Result<Value, ApiError> {
    let name = || asked.names.last().cloned().unwrap_or_default();
    match (asked.collection, asked.verb.as_str()) {
        ("operations", "get") => longrunning::get(cloud, &format!("operations/{}", name())),
        ("services", "list") => list(cloud, &call),
        ("services", "get") => {
            check_known(&[name()])?;
            Ok(view(cloud, &name()))
        }
        ("services", "batchGet") => batch_get(cloud, &names),
        ("services", "enable") => switch(cloud, call, vec![name()], Switch::Enable).await,
        ("services", "disable") => switch(cloud, call, vec![name()], Switch::Disable).await,
        ("services", "batchEnable") => {
            let ids = call.body.get("serviceIds").and_then(Value::as_array);
            let ids: Vec<String> = ids
                .into_iter()
                .flatten()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect();
            switch(cloud, call, ids, Switch::BatchEnable).await
        }
        _ => Err(not_emulated(asked)),
    }
}

fn list(cloud: &Cloud, call: &Call) -> Result<Value, ApiError> {
    let all = SERVICES
        .iter()
        .map(|(name, ..)| ((*name).to_owned(), view(cloud, name)));
    page("services", all.collect(), call)
}

fn batch_get(cloud: &Cloud, names: &[String]) -> Result<Value, ApiError> {
    if names.len() > GET_AT_ONCE {
        let why = format!("At most {GET_AT_ONCE} services can be asked for at once.");
        return Err(ApiError::bad_request(why));
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| name.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    check_known(&names)?;
    let services: Vec<Value> = names.iter().map(|name| view(cloud, name)).collect();
    Ok(json!({ "services": services }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    Enable,
    BatchEnable,
    Disable,
}

async fn switch(
    cloud: &Cloud,
    call: Call,
    services: Vec<String>,
    how: Switch,
) -> Result<Value, ApiError> {
    if services.is_empty() {
        return Err(ApiError::required("serviceIds"));
    }
    if services.len() > ENABLE_AT_ONCE {
        let why = format!("At most {ENABLE_AT_ONCE} services can be enabled at once.");
        return Err(ApiError::bad_request(why));
    }
    check_known(&services)?;
    let slow = cloud.slow_operations();
    let (verb, response) = match how {
        Switch::Enable => ("EnableService", "EnableServiceResponse"),
        Switch::BatchEnable => ("BatchEnableServices", "BatchEnableServicesResponse"),
        Switch::Disable => ("DisableService", "DisableServiceResponse"),
    };
    let method = format!("google.api.serviceusage.v1.ServiceUsage.{verb}");
    decide(
        cloud,
        call,
        (Api::ServiceUsage, method),
        move |change, _| {
            let enable = how != Switch::Disable;
            let mut changed = false;
            for service in &services {
                changed |= set(change, service, enable);
            }
            let shown: Vec<Value> = services.iter().map(|name| shape(name, enable)).collect();
            let mut answer = match how {
                Switch::BatchEnable => json!({ "services": shown }),
                _ => json!({ "service": shown[0] }),
            };
            let package = "type.googleapis.com/google.api.serviceusage.v1";
            answer["@type"] = json!(format!("{package}.{response}"));
            let names: Vec<String> = services.iter().map(|name| full_name(name)).collect();
            let metadata =
                json!({"@type": format!("{package}.OperationMetadata"), "resourceNames": names});
            // What is there already is done at once, also where operations take their time.
            let operation = longrunning::store(change, "", metadata, answer, slow && changed);
            Ok((Key::global(Kind::Service, services[0].clone()), operation))
        },
    )
    .await
}

/// Whether that changed something.
fn set(change: &mut Change<'_, '_>, service: &str, enable: bool) -> bool {
    let key = Key::global(Kind::Service, service);
    let stored = change.tx.get(&key);
    if is_enabled(service, stored.as_deref()) == enable {
        return false;
    }
    let mut body = Map::new();
    body.insert("enabled".into(), json!(enable));
    body.insert("since".into(), json!(rfc3339(change.now)));
    change.tx.put(Resource::new(key, body));
    true
}

/// Stored is only what somebody switched.
fn is_enabled(service: &str, stored: Option<&Resource>) -> bool {
    let switched = stored.and_then(|stored| stored.field("enabled")?.as_bool());
    switched.unwrap_or_else(|| {
        let known = SERVICES.iter().find(|(name, ..)| *name == service);
        known.is_none_or(|(_, _, on)| *on)
    })
}

fn check_known(services: &[String]) -> Result<(), ApiError> {
    let unknown = |service: &&String| !SERVICES.iter().any(|(name, ..)| name == service);
    match services.iter().find(unknown) {
        Some(unknown) => Err(ApiError::forbidden(format!(
            "Not found or permission denied for service(s): {unknown}."
        ))),
        None => Ok(()),
    }
}

fn view(cloud: &Cloud, service: &str) -> Value {
    let stored = cloud.store().get(&Key::global(Kind::Service, service));
    shape(service, is_enabled(service, stored.as_deref()))
}

fn full_name(service: &str) -> String {
    format!("projects/{PROJECT_NUMBER}/services/{service}")
}

fn shape(service: &str, enabled: bool) -> Value {
    json!({
        "name": full_name(service),
        "config": {"name": service, "title": title(service)},
        "state": if enabled { "ENABLED" } else { "DISABLED" },
        "parent": format!("projects/{PROJECT_NUMBER}"),
    })
}
