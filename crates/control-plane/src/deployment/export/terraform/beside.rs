//! What is not Compute's: APIs, the account and what it may do, secrets, and the domain's record.

use gce::Scope;
use gce::iam::PolicyOf;
use serde_json::{Value, json};

use super::{Names, entries};
use crate::deployment::beside::access::{ENTER, MEMBERS, SERVICE};
use crate::deployment::beside::grants::policy_of;
use crate::deployment::beside::repositories::POLICIES;
use crate::deployment::export::hcl::{Block, map};
use crate::deployment::part::{Kind, Part};

pub(super) fn kind(part: &Part) -> &'static str {
    match part.id.kind {
        Kind::Api => "google_project_service",
        Kind::ServiceAccount => "google_service_account",
        Kind::Role => "google_project_iam_custom_role",
        Kind::Repository => "google_artifact_registry_repository",
        Kind::Secret => "google_secret_manager_secret",
        Kind::Grant => match policy_of(text(part, "of")) {
            PolicyOf::Project => "google_project_iam_member",
            PolicyOf::Secret(_) => "google_secret_manager_secret_iam_member",
            PolicyOf::ServiceAccount(_) => "google_service_account_iam_member",
            PolicyOf::Repository(..) => "google_artifact_registry_repository_iam_member",
            PolicyOf::Web(_) => "google_iap_web_backend_service_iam_member",
        },
        Kind::Access => "google_iap_web_backend_service_iam_binding",
        _ => "google_dns_record_set",
    }
}

/// As each resource's page in the provider's documentation says under "Import".
pub(super) fn import_id(part: &Part, project: &str) -> String {
    let name = &part.id.name;
    match part.id.kind {
        Kind::Api => format!("{project}/{name}"),
        Kind::ServiceAccount => {
            format!("projects/{project}/serviceAccounts/{}", text(part, "email"))
        }
        Kind::Grant => {
            let of = text(part, "of");
            let of = of
                .strip_prefix("projects/")
                .filter(|id| !id.contains('/'))
                .unwrap_or(of);
            format!("{of} {} {}", text(part, "role"), text(part, "member"))
        }
        Kind::Access => format!("projects/{project}/iap_web/compute/services/{name} {ENTER}"),
        Kind::Record => format!(
            "{project}/{}/{name}/{}",
            text(part, "zone"),
            text(part, "type")
        ),
        _ => format!("projects/{project}/{}", part.id.path()),
    }
}

pub(super) fn resource(block: Block, part: &Part, named: &Names<'_>) -> Block {
    let Part { id, body, .. } = part;
    match id.kind {
        // Who knows what else in the project calls it.
        Kind::Api => block
            .value("service", &json!(id.name))
            .value("disable_on_destroy", &json!(false)),
        Kind::ServiceAccount => block
            .value("account_id", &json!(id.name))
            .value("display_name", &body["displayName"])
            .value("description", &body["description"]),
        Kind::Role => block
            .value("role_id", &json!(id.name))
            .value("title", &body["title"])
            .value("description", &body["description"])
            .value("stage", &body["stage"])
            .value("permissions", &body["includedPermissions"]),
        Kind::Repository => repository(block, part),
        Kind::Secret => block
            .value("secret_id", &json!(id.name))
            .expression("labels", map(entries(&body["labels"])))
            .block(Block::new("replication").block(Block::new("auto"))),
        Kind::Access => block
            .expression(
                "web_backend_service",
                named.reference(&body[SERVICE], "name"),
            )
            .value("role", &json!(ENTER))
            .value("members", &body[MEMBERS]),
        Kind::Grant => of(block, part, named)
            .expression("role", named.reference(&body["role"], "name"))
            .expression("member", named.account(&body["member"], "member")),
        _ => block
            .value("name", &json!(id.name))
            .value("managed_zone", &body["zone"])
            .value("type", &body["type"])
            .value("ttl", &body["ttl"])
            .expression(
                "rrdatas",
                format!("[{}]", named.address(&body["rrdatas"][0])),
            ),
    }
}

fn repository(block: Block, part: &Part) -> Block {
    let Part { id, body, .. } = part;
    let location = match &id.scope {
        Scope::Region(location) => location.as_str(),
        Scope::Global | Scope::Zone(_) => "",
    };
    let block = block
        .value("location", &json!(location))
        .value("repository_id", &json!(id.name))
        .value("format", &body["format"])
        .value("description", &body["description"]);
    let policies = body[POLICIES].as_object().into_iter().flatten();
    policies.fold(block, |block, (name, policy)| {
        block.block(clean_up(name, policy))
    })
}

fn clean_up(name: &str, policy: &Value) -> Block {
    let block = Block::new("cleanup_policies")
        .value("id", &json!(name))
        .value("action", &policy["action"]);
    let condition = policy.get("condition").map(|condition| {
        Block::new("condition")
            .value("tag_state", &condition["tagState"])
            .value("older_than", &condition["olderThan"])
    });
    let newest = policy
        .get("mostRecentVersions")
        .map(|newest| Block::new("most_recent_versions").value("keep_count", &newest["keepCount"]));
    block.maybe(condition).maybe(newest)
}

/// What a role is granted on.
fn of(block: Block, part: &Part, named: &Names<'_>) -> Block {
    let of = text(part, "of");
    match policy_of(of) {
        PolicyOf::Project => block.value("project", &json!(gce::name_of(of))),
        PolicyOf::Secret(_) => block.expression("secret_id", named.reference(&json!(of), "id")),
        PolicyOf::ServiceAccount(email) => block.expression(
            "service_account_id",
            match named.account(&json!(email), "name") {
                literal if literal.starts_with('"') => super::literal(&json!(of)),
                reference => reference,
            },
        ),
        PolicyOf::Web(service) => block.value("web_backend_service", &json!(service)),
        PolicyOf::Repository(location, name) => {
            block.value("location", &json!(location)).expression(
                "repository",
                match named.reference(&json!(of), "repository_id") {
                    literal if literal.starts_with('"') => super::literal(&json!(name)),
                    reference => reference,
                },
            )
        }
    }
}

fn text<'a>(part: &'a Part, field: &str) -> &'a str {
    part.body[field].as_str().unwrap_or_default()
}
