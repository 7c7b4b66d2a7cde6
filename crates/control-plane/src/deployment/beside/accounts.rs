//! The service account of the instances. It has no key: instances get its tokens from their metadata
//! server.

use futures::TryStreamExt;
use gce::iam::ServiceAccount;
use gce::{Client, Error, Scope};
use serde_json::{Value, json};

use super::made;
use crate::deployment::{Act, Id, Kind, Mark, Sought, Step};

/// The id of a deployment's account. Google wants 6 to 30 characters, and the configuration takes names
/// of 3 to 27.
pub(in crate::deployment) fn id_of(deployment: &str) -> String {
    format!("{deployment}-vm")
}

/// The account with the deployment's name, and all with its mark.
pub(super) async fn find(client: &Client, sought: &Sought) -> Result<Vec<(Id, Value)>, Error> {
    let (mark, name) = (Mark::of(&sought.deployment), id_of(&sought.deployment));
    let accounts: Vec<ServiceAccount> = client.service_accounts().try_collect().await?;
    let found = accounts.iter().map(found);
    let concerns =
        |(id, body): &(Id, Value)| id.name == name || mark.is_on(Kind::ServiceAccount, body);
    Ok(found.filter(concerns).collect())
}

fn found(account: &ServiceAccount) -> (Id, Value) {
    let name = account.email.split('@').next().unwrap_or_default();
    let id = Id {
        kind: Kind::ServiceAccount,
        scope: Scope::Global,
        name: name.to_owned(),
    };
    let body = json!({
        "name": name,
        "email": account.email,
        "displayName": account.display_name,
        "description": account.description,
    });
    (id, body)
}

pub(super) async fn take(client: &Client, step: &Step) -> Result<(), Error> {
    let email = client.service_account_email(&step.id.name);
    match &step.act {
        Act::Create(body) => create(client, &step.id.name, body).await,
        Act::Update(patch) => {
            let description = patch["description"].as_str().unwrap_or_default();
            let described = client.describe_service_account(&email, description);
            described.await.map(drop)
        }
        Act::Delete => client.delete_service_account(&email).await,
        Act::Keep | Act::Replace(_) | Act::SetLabels { .. } => Ok(()),
    }
}

async fn create(client: &Client, id: &str, body: &Value) -> Result<(), Error> {
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let email = client.service_account_email(id);
    let create = async || {
        let made = client.create_service_account(id, text("displayName"), text("description"));
        made.await
    };
    let is_ours = async || {
        let account = client.wait_for_service_account(&email).await?;
        Ok(account.description.as_deref() == body["description"].as_str())
    };
    made(create, is_ours).await
}
