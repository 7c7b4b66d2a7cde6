//! The custom role that lets a console do its work. A deleted one is only marked as deleted, for a week
//! in which it can be brought back and some weeks more in which its id is taken: creating it anew means
//! to bring it back.

use gce::iam::Role;
use gce::{Client, Error, Scope};
use serde_json::{Value, json};

use crate::deployment::{Act, Id, Kind, Sought, Step};
use crate::json::merged;

/// The id of a deployment's role, in which Google allows no hyphens. Names of deployments have no
/// underscores, so that no two come to have the same.
pub(in crate::deployment) fn id_of(deployment: &str) -> String {
    format!("flaskscale.{}", deployment.replace('-', "_"))
}

/// The deployment's role, unless it is marked as deleted.
pub(super) async fn find(client: &Client, sought: &Sought) -> Result<Vec<(Id, Value)>, Error> {
    let name = id_of(&sought.deployment);
    let role = match client.role(&name).await {
        Ok(role) if !role.deleted => role,
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let body = body_of(&name, role);
    let id = Id {
        kind: Kind::Role,
        scope: Scope::Global,
        name,
    };
    Ok(vec![(id, body)])
}

fn body_of(name: &str, role: Role) -> Value {
    let mut permissions = role.included_permissions;
    permissions.sort_unstable();
    json!({
        "name": name,
        "title": role.title,
        "description": role.description,
        "stage": role.stage,
        "includedPermissions": permissions,
    })
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    let name = &step.id.name;
    match &step.act {
        Act::Create(body) | Act::Replace(body) => put(client, name, body).await,
        Act::Update(patch) => {
            let now = body_of(name, client.role(name).await?);
            put(client, name, &merged(&now, patch)).await
        }
        Act::Delete => client.delete_role(name).await,
        Act::Keep | Act::SetLabels { .. } => Ok(()),
    }
}

/// It can be put twice, so that a lost answer needs no care beyond another attempt.
async fn put(client: &Client, name: &str, body: &Value) -> Result<(), Error> {
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    let permissions = body["includedPermissions"].as_array().into_iter().flatten();
    let wanted = Role {
        title: text("title"),
        description: text("description"),
        stage: text("stage"),
        included_permissions: permissions
            .filter_map(|permission| permission.as_str().map(str::to_owned))
            .collect(),
        ..Role::default()
    };
    let put = async || client.put_role(name, &wanted).await;
    super::made(put, async || Ok(false)).await
}
