//! What the deployment's account may do: a role each, in the policy of the project or of one resource.
//! Of these policies only the deployment's own members are ever touched.

use futures::future::try_join_all;
use gce::iam::{Policy, PolicyOf};
use gce::{Client, Error, Scope};
use serde_json::{Value, json};

use super::{accounts, roles};
use crate::deployment::part::{Part, Upkeep};
use crate::deployment::{Act, Id, Inventory, Kind, Sought, Step};
use crate::url::within_project;

pub(in crate::deployment) const WRITE_LOGS: &str = "roles/logging.logWriter";
pub(in crate::deployment) const WRITE_METRICS: &str = "roles/monitoring.metricWriter";
pub(in crate::deployment) const READ_SECRET: &str = "roles/secretmanager.secretAccessor";
pub(in crate::deployment) const READ_IMAGES: &str = "roles/artifactregistry.reader";
pub(in crate::deployment) const ACT_AS: &str = "roles/iam.serviceAccountUser";

/// The roles that a deployment gives. Others may have given its account more, which is theirs.
const OURS: [&str; 5] = [WRITE_LOGS, WRITE_METRICS, READ_SECRET, READ_IMAGES, ACT_AS];

/// A role that an account should have on what a path names: `projects/P`, `projects/P/secrets/S`, …
pub(in crate::deployment) fn part(role: &str, of: &str, email: &str, description: &str) -> Part {
    let (id, mut body) = grant(role, of, email);
    body["description"] = description.into();
    Part {
        id,
        upkeep: Upkeep::Nothing,
        body,
    }
}

fn grant(role: &str, of: &str, email: &str) -> (Id, Value) {
    let on = within_project(of);
    let on = if on == of { "the project" } else { on };
    let name = format!("{} on {on}", within_project(role));
    let body = json!({
        "name": name,
        "role": role,
        "of": of,
        "member": format!("serviceAccount:{email}"),
    });
    let id = Id {
        kind: Kind::Grant,
        scope: Scope::Global,
        name,
    };
    (id, body)
}

/// What the deployment's account has, in the policy of the project and of what else is looked at.
///
/// `found` says which APIs can be asked. A grant bears no mark of its own: [`Inventory::gather`] gives
/// it that of the account.
pub(super) async fn find(
    client: &Client,
    sought: &Sought,
    found: &Inventory,
) -> Result<Vec<(Id, Value)>, Error> {
    let project = format!("projects/{}", client.project());
    let own_role = format!("{project}/roles/{}", roles::id_of(&sought.deployment));
    let email = client.service_account_email(&accounts::id_of(&sought.deployment));
    let account = format!("{project}/serviceAccounts/{email}");
    let below = sought.holders.iter().cloned();
    let below = below.chain(found.repositories(client.project()));
    let below = below.map(|holder| format!("{project}/{holder}"));
    let holders: Vec<String> = [project.clone(), account]
        .into_iter()
        .chain(below)
        .collect();
    let can_be_asked = |holder: &&String| found.has_api(api(holder));
    let policies = holders.iter().filter(can_be_asked).map(async |holder| {
        let policy = policy(client, holder).await?;
        Ok::<_, Error>((holder, policy))
    });
    let member = format!("serviceAccount:{email}");
    let policies = try_join_all(policies).await?;
    let granted = policies.into_iter().flat_map(|(holder, policy)| {
        let roles = OURS.into_iter().chain([own_role.as_str()]);
        let held = roles.filter(|role| policy.grants(role, &member));
        held.map(|role| grant(role, holder, &email))
            .collect::<Vec<_>>()
    });
    Ok(granted.collect())
}

/// What is not there has no policy. Google hides a missing account behind a refusal.
async fn policy(client: &Client, holder: &str) -> Result<Policy, Error> {
    match client.iam_policy(policy_of(holder)).await {
        Err(error) if error.is_not_found() => Ok(Policy::default()),
        Err(error) if error.status() == Some(403) && holder.contains("/serviceAccounts/") => {
            Ok(Policy::default())
        }
        other => other,
    }
}

/// The API that has a path's policy.
fn api(holder: &str) -> &'static str {
    match policy_of(holder) {
        PolicyOf::Project => "cloudresourcemanager.googleapis.com",
        PolicyOf::Secret(_) => "secretmanager.googleapis.com",
        PolicyOf::Repository(..) => "artifactregistry.googleapis.com",
        PolicyOf::ServiceAccount(_) => "iam.googleapis.com",
        PolicyOf::Web(_) => "iap.googleapis.com",
    }
}

/// The policy of what a path names.
pub(in crate::deployment) fn policy_of(holder: &str) -> PolicyOf<'_> {
    let segments: Vec<&str> = holder.split('/').collect();
    match segments[..] {
        ["projects", _, "secrets", secret] => PolicyOf::Secret(secret),
        ["projects", _, "serviceAccounts", email] => PolicyOf::ServiceAccount(email),
        ["projects", _, "locations", location, "repositories", name] => {
            PolicyOf::Repository(location, name)
        }
        _ => PolicyOf::Project,
    }
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    match &step.act {
        Act::Create(body) | Act::Replace(body) => change(client, body, Policy::grant).await,
        Act::Delete => change(client, &step.was, Policy::revoke).await,
        Act::Keep | Act::Update(_) | Act::SetLabels { .. } => Ok(()),
    }
}

/// Whatever others change in the policy meanwhile stays theirs.
async fn change(
    client: &Client,
    grant: &Value,
    change: fn(&mut Policy, &str, &str),
) -> Result<(), Error> {
    let text = |field: &str| grant[field].as_str().unwrap_or_default();
    let (role, member) = (text("role"), text("member"));
    let policy = policy_of(text("of"));
    let changed = client.change_iam_policy(policy, |policy| change(policy, role, member));
    changed.await.map(drop)
}
