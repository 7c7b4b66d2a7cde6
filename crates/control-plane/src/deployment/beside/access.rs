//! Whom Identity-Aware Proxy lets in. Unlike other policies this one is the deployment's as a whole: it
//! belongs to its backend service, and the file says everybody who may come in.

use futures::future::try_join_all;
use gce::iam::{Policy, PolicyOf};
use gce::{Client, Error, Scope};
use serde_json::{Value, json};

use crate::deployment::{Act, Id, Inventory, Kind, Sought, Step};
use crate::json::merged;

/// Lets somebody in.
pub(in crate::deployment) const ENTER: &str = "roles/iap.httpsResourceAccessor";

/// Who may come in, as IAM spells them, in order.
pub(in crate::deployment) const MEMBERS: &str = "members";

/// The URL of the backend service, which has to be there first.
pub(in crate::deployment) const SERVICE: &str = "service";

/// Of the deployment's backend services, as far as they are guarded. A policy that an earlier service of this name has
/// left behind is not looked at: whoever is guarded anew states all that counts.
pub(super) async fn find(
    client: &Client,
    sought: &Sought,
    found: &Inventory,
) -> Result<Vec<(Id, Value)>, Error> {
    let names = ["site", "console"].map(|end| format!("{}-{end}", sought.deployment));
    let looks = names
        .iter()
        .map(async |name| of_service(client, name, found).await);
    let all = try_join_all(looks).await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_service(
    client: &Client,
    name: &str,
    found: &Inventory,
) -> Result<Option<(Id, Value)>, Error> {
    let id = |kind| Id {
        kind,
        scope: Scope::Global,
        name: name.to_owned(),
    };
    let service = found.get(&id(Kind::BackendService));
    let Some(service) = service.filter(|service| service["iap"]["enabled"] == true) else {
        return Ok(None);
    };
    let policy = match client.iam_policy(PolicyOf::Web(name)).await {
        Err(error) if error.is_not_found() => Policy::default(),
        other => other?,
    };
    let members = policy.members(ENTER);
    // It can bear no mark, and is of whoever the service is of.
    let body = json!({
        "name": name,
        "description": service["description"],
        SERVICE: service["selfLink"],
        MEMBERS: members,
    });
    let lets_in_some = !members.is_empty();
    Ok(lets_in_some.then(|| (id(Kind::Access), body)))
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    let body = match &step.act {
        Act::Create(body) | Act::Replace(body) => body.clone(),
        Act::Update(patch) => merged(&step.was, patch),
        Act::Delete => Value::Null,
        Act::Keep | Act::SetLabels { .. } => return Ok(()),
    };
    let members = body[MEMBERS].as_array().into_iter().flatten();
    let members: Vec<&str> = members.filter_map(Value::as_str).collect();
    let changed = client.change_iam_policy(PolicyOf::Web(&step.id.name), |policy| {
        let others: Vec<String> = policy.members(ENTER).into_iter().map(Into::into).collect();
        for other in others
            .iter()
            .filter(|other| !members.contains(&other.as_str()))
        {
            policy.revoke(ENTER, other);
        }
        for member in &members {
            policy.grant(ENTER, member);
        }
    });
    changed.await.map(drop)
}
