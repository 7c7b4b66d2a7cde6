//! Artifact Registry v1: repositories, with their clean-up policies. The images themselves are pushed
//! to a registry, which this cloud is not.

use serde_json::{Value, json};

use super::{
    Asked,
    asked::Api,
    engine::{self, Behaviour, Body, Id, Row},
    longrunning, not_emulated,
};
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        catalog,
        change::Change,
        checks::is_label,
        schema::{flag, integer, list, object, one_of, text},
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// Places of repositories that are no region of Compute.
const MULTI_REGIONS: [&str; 3] = ["asia", "europe", "us"];

const ROW: Row = Row {
    api: Api::ArtifactRegistry,
    kind: Kind::Repository,
    rpc: (
        "google.devtools.artifactregistry.v1.ArtifactRegistry",
        "Repository",
    ),
    items: "repositories",
    id: Id::Query("repositoryId"),
    inside: None,
    fields: &[
        one_of("format", &["DOCKER"]).unlike(&[
            "MAVEN", "NPM", "APT", "YUM", "GOOGET", "PYTHON", "KFP", "GO", "GENERIC", "RUBY",
            "CONDA",
        ]),
        one_of("mode", &["STANDARD_REPOSITORY"])
            .unlike(&["VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY"])
            .or_word("STANDARD_REPOSITORY"),
        text("description"),
        object("labels"),
        object("dockerConfig"),
        flag("dockerConfig/immutableTags"),
        object("cleanupPolicies"),
        flag("cleanupPolicyDryRun"),
        one_of(
            "vulnerabilityScanningConfig/enablementConfig",
            &["INHERITED", "DISABLED"],
        ),
    ],
    required: &["format"],
    immutable: &["format", "mode"],
    output_only: &["createTime", "updateTime", "sizeBytes", "registryUri"],
    times: (Some("createTime"), Some("updateTime")),
    has_etag: false,
    is_long: true,
    behaviour: &Repositories,
};

struct Repositories;

impl Behaviour for Repositories {
    fn name(&self, _project: &str, id: &str) -> Result<String, ApiError> {
        if is_label(id, 2..=63) {
            return Ok(id.to_owned());
        }
        let why = "It must be from 2 to 63 lower-case letters, digits and dashes, begin with a \
                   letter and not end with a dash.";
        Err(ApiError::invalid("repository_id", id, why))
    }

    fn exists(&self, _path: &str) -> ApiError {
        ApiError::exists("the repository already exists")
    }

    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        let policies = body.get_mut("cleanupPolicies");
        let policies = policies.and_then(Value::as_object_mut);
        for (id, policy) in policies.into_iter().flatten() {
            check_policy(id, policy)?;
        }
        Ok(())
    }

    fn view(&self, project: &str, repository: &Resource) -> Value {
        let mut body = repository.body.clone();
        let name = &repository.key.name;
        body.insert("name".into(), json!(repository.key.path(project)));
        body.entry("sizeBytes").or_insert_with(|| json!("0"));
        if let Scope::Region(location) = &repository.key.scope {
            let uri = format!("{location}-docker.pkg.dev/{project}/{name}");
            body.insert("registryUri".into(), json!(uri));
        }
        Value::Object(body)
    }
}

/// A policy is known by its key, which it repeats, and keeps or deletes by one criterion.
fn check_policy(id: &str, policy: &mut Value) -> Result<(), ApiError> {
    let fields = [
        one_of("action", &["DELETE", "KEEP"]),
        one_of("condition/tagState", &["TAGGED", "UNTAGGED", "ANY"]),
        list("condition/tagPrefixes"),
        list("condition/packageNamePrefixes"),
        text("condition/olderThan"),
        text("condition/newerThan"),
        integer("mostRecentVersions/keepCount", 1..=i64::from(i32::MAX)),
    ];
    let invalid = |why: &str| ApiError::bad_request(format!("Cleanup policy {id}: {why}"));
    let Value::Object(policy) = policy else {
        return Err(invalid("it must be an object."));
    };
    crate::compute::schema::complete_and_check(&fields, &["action"], policy)?;
    if policy.get("id").is_some_and(|given| given != id) {
        return Err(invalid("its id must be its key."));
    }
    policy.insert("id".into(), json!(id));
    let criteria = ["condition", "mostRecentVersions"];
    let given = criteria.iter().filter(|name| policy.contains_key(**name));
    if given.count() > 1 {
        return Err(invalid("it has either a condition or mostRecentVersions."));
    }
    if policy.contains_key("mostRecentVersions") && policy["action"] != "KEEP" {
        return Err(invalid(
            "mostRecentVersions goes with the action KEEP only.",
        ));
    }
    let spans = policy.get("condition").and_then(Value::as_object);
    for field in ["olderThan", "newerThan"] {
        let span = spans.and_then(|spans| spans.get(field)?.as_str());
        let seconds = |span: &str| span.strip_suffix('s')?.parse::<f64>().ok();
        if span.is_some_and(|span| seconds(span).is_none()) {
            return Err(invalid(
                "a duration is a number of seconds and an s, as in 86400s.",
            ));
        }
    }
    Ok(())
}

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    let scope = location(asked)?;
    match (asked.collection, asked.verb.as_str()) {
        ("operations", "get") => {
            let [_, location, id] = &asked.names[..] else {
                return Err(not_emulated(asked));
            };
            let project = cloud.store().project();
            let name = format!("projects/{project}/locations/{location}/operations/{id}");
            longrunning::get(cloud, &name)
        }
        ("repositories", _) => engine::answer(cloud, &ROW, scope, asked, call).await,
        _ => Err(not_emulated(asked)),
    }
}

/// Refuses where there is no such repository.
pub(super) fn exists(cloud: &Cloud, asked: &Asked) -> Result<(), ApiError> {
    let name = asked.names.last().cloned().unwrap_or_default();
    let key = Key::new(Kind::Repository, location(asked)?, name);
    engine::find(cloud, &ROW, &key).map(drop)
}

fn location(asked: &Asked) -> Result<Scope, ApiError> {
    let name = asked.names.get(1).cloned().unwrap_or_default();
    let is_multi = MULTI_REGIONS.contains(&name.as_str());
    let scope = Scope::Region(name.clone());
    if is_multi || catalog::knows(&scope) {
        return Ok(scope);
    }
    Err(ApiError::bad_request(format!(
        "Location {name} is not found or access is unauthorized."
    )))
}
