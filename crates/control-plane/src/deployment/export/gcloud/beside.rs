//! What is not Compute's: APIs, the account and what it may do, secrets, and the domain's record.

use gce::iam::PolicyOf;
use gce::{Scope, name_of};
use serde_json::{Value, json};

use super::{Command, Line, pairs};
use crate::deployment::Blueprint;
use crate::deployment::beside::access::{ENTER, MEMBERS};
use crate::deployment::beside::grants::policy_of;
use crate::deployment::beside::repositories::POLICIES;
use crate::deployment::part::{Kind, Part};

pub(super) fn lines(part: &Part, blueprint: &Blueprint) -> Vec<Line> {
    match part.id.kind {
        Kind::Api => vec![Command::on("services enable", &part.id.name).line()],
        Kind::ServiceAccount => vec![account(part)],
        Kind::Role => vec![role(part, &blueprint.project)],
        Kind::Repository => repository(part),
        Kind::Secret => secret(part),
        Kind::Grant => vec![grant(part)],
        Kind::Access => access(part),
        Kind::Record => vec![record(part, blueprint)],
        _ => Vec::new(),
    }
}

fn account(part: &Part) -> Line {
    Command::on("iam service-accounts create", &part.id.name)
        .value("display-name", &part.body["displayName"])
        .value("description", &part.body["description"])
        .line()
}

/// Whether a role is a project's or an organisation's must be said, whatever the configuration is.
/// Quietly, since gcloud otherwise asks first which permissions a role may have at all.
fn role(part: &Part, project: &str) -> Line {
    Command::on("iam roles create", &part.id.name)
        .flag("project", project)
        .bare("quiet")
        .value("title", &part.body["title"])
        .value("description", &part.body["description"])
        .value("stage", &part.body["stage"])
        .list("permissions", &part.body["includedPermissions"])
        .line()
}

/// Its policies are a command and a file of their own, in which each bears its name inside.
fn repository(part: &Part) -> Vec<Line> {
    let Part { id, body, .. } = part;
    let Scope::Region(location) = &id.scope else {
        return Vec::new();
    };
    let policies = body[POLICIES].as_object().into_iter().flatten();
    let policy = |(name, policy): (&String, &Value)| {
        let mut written = json!({ "name": name, "action": { "type": policy["action"] } });
        for field in ["condition", "mostRecentVersions"] {
            if let Some(stated) = policy.get(field) {
                written[field] = stated.clone();
            }
        }
        written
    };
    let name = format!("{}-clean-up.json", id.name);
    let content = format!("{:#}\n", policies.map(policy).collect::<Value>());
    let create = Command::on("artifacts repositories create", &id.name)
        .flag("location", location)
        .flag("repository-format", "docker")
        .value("description", &body["description"]);
    let set = Command::on("artifacts repositories set-cleanup-policies", &id.name)
        .flag("location", location)
        .file("policy", &name);
    vec![create.line(), Line::File { name, content }, set.line()]
}

/// What it holds is not the script's to know.
fn secret(part: &Part) -> Vec<Line> {
    let name = &part.id.name;
    let command = Command::on("secrets create", name)
        .flag("replication-policy", "automatic")
        .flag("labels", &pairs(&part.body["labels"]));
    vec![
        Line::Comment(format!(
            "Instances wait until it holds something: gcloud secrets versions add {name} --data-file=FILE"
        )),
        command.line(),
    ]
}

fn grant(part: &Part) -> Line {
    let of = part.body["of"].as_str().unwrap_or_default();
    bind(policy_of(of), name_of(of))
        .value("role", &part.body["role"])
        .value("member", &part.body["member"])
        .line()
}

fn access(part: &Part) -> Vec<Line> {
    let members = part.body[MEMBERS].as_array().into_iter().flatten();
    let bind = |member| {
        let command = bind(PolicyOf::Web(&part.id.name), "");
        command.flag("role", ENTER).value("member", member).line()
    };
    members.map(bind).collect()
}

/// Adds a binding to a policy. `project` is named where it is the project's own.
fn bind(policy: PolicyOf<'_>, project: &str) -> Command {
    match policy {
        PolicyOf::Project => {
            Command::on("projects add-iam-policy-binding", project).flag("condition", "None")
        }
        PolicyOf::Secret(secret) => Command::on("secrets add-iam-policy-binding", secret),
        PolicyOf::ServiceAccount(email) => {
            Command::on("iam service-accounts add-iam-policy-binding", email)
        }
        PolicyOf::Repository(location, name) => {
            Command::on("artifacts repositories add-iam-policy-binding", name)
                .flag("location", location)
        }
        PolicyOf::Web(service) => Command(vec!["iap web add-iam-policy-binding".to_owned()])
            .flag("resource-type", "backend-services")
            .flag("service", service),
    }
}

/// It leads to the address that the script itself has made.
fn record(part: &Part, blueprint: &Blueprint) -> Line {
    let address = blueprint.named("ip");
    let digits = format!("compute addresses describe {address} --global --format='value(address)'");
    let zone = &part.body["zone"];
    Command::on("dns record-sets create", &part.id.name)
        .value("zone", zone)
        .value("type", &part.body["type"])
        .value("ttl", &part.body["ttl"])
        .output("rrdatas", &digits)
        .line()
}
