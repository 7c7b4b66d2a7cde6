//! What a console's instances share and nobody else may know, in Secret Manager. A plan says that a
//! secret holds something, and never what: values come to [`take`] beside the plan.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use futures::future::try_join_all;
use gce::secrets::{Payload, Secret, SecretVersion};
use gce::{Client, Error, Scope, name_of};
use serde_json::{Value, json};

use super::made;
use crate::deployment::{Act, Id, Kind, Mark, Sought, Step};

/// The secrets of a deployment whose image is FlaskScale's own, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSecrets {
    /// Holds the key of the session cookies, so that a session is good on every instance.
    pub session_key: String,
    /// Holds the hash of the password of `admin`.
    pub admin_password: String,
}

impl ConsoleSecrets {
    /// Of the deployment with this name.
    pub fn of(deployment: &str) -> Self {
        Self {
            session_key: format!("{deployment}-session-key"),
            admin_password: format!("{deployment}-admin-password"),
        }
    }

    /// Both names.
    pub(in crate::deployment) fn names(&self) -> [&str; 2] {
        [&self.session_key, &self.admin_password]
    }
}

/// What secrets shall hold, by their names.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Payload>);

impl Values {
    /// Adds what a secret shall hold.
    pub fn insert(&mut self, secret: &str, value: Payload) {
        self.0.insert(secret.to_owned(), value);
    }

    pub(in crate::deployment) fn get(&self, secret: &str) -> Option<&Payload> {
        self.0.get(secret)
    }
}

/// Whether a step needs a value for its secret.
pub(in crate::deployment) fn fills(step: &Step) -> bool {
    let is_filling = match &step.act {
        Act::Create(_) | Act::Replace(_) => true,
        Act::Update(patch) => patch.get(FILLED).is_some(),
        Act::Keep | Act::SetLabels { .. } | Act::Delete => false,
    };
    step.id.kind == Kind::Secret && is_filling
}

/// Says of a secret that it holds something. Whoever is stopped between making a secret and filling it
/// leaves one that does not, and the next plan goes on from there.
pub(in crate::deployment) const FILLED: &str = "isFilled";

/// The secrets with the deployment's names, and all with its mark.
pub(super) async fn find(client: &Client, sought: &Sought) -> Result<Vec<(Id, Value)>, Error> {
    let (mark, ours) = (
        Mark::of(&sought.deployment),
        ConsoleSecrets::of(&sought.deployment),
    );
    let secrets: Vec<Secret> = client.secrets().try_collect().await?;
    let concerns = |secret: &&Secret| {
        let labels = json!({ "labels": secret.labels });
        ours.names().contains(&name_of(&secret.name)) || mark.is_on(Kind::Secret, &labels)
    };
    let found = secrets.iter().filter(concerns);
    try_join_all(found.map(async |secret| found_as(client, secret).await)).await
}

async fn found_as(client: &Client, secret: &Secret) -> Result<(Id, Value), Error> {
    let name = name_of(&secret.name);
    let versions: Vec<SecretVersion> = client.secret_versions(name).try_collect().await?;
    let is_usable = |version: &SecretVersion| version.state.as_deref() == Some("ENABLED");
    let id = Id {
        kind: Kind::Secret,
        scope: Scope::Global,
        name: name.to_owned(),
    };
    let body = json!({
        "name": name,
        "labels": secret.labels,
        FILLED: versions.iter().any(is_usable),
    });
    Ok((id, body))
}

pub(super) async fn take(client: &Client, step: &Step, values: &Values) -> Result<(), Error> {
    let name = &step.id.name;
    match &step.act {
        Act::Create(body) | Act::Replace(body) => create(client, name, &body["labels"]).await?,
        Act::SetLabels { labels, .. } => {
            let labels = text_map(&Value::Object(labels.clone()));
            client.label_secret(name, &labels).await?;
        }
        Act::Delete => client.delete_secret(name).await?,
        Act::Keep | Act::Update(_) => {}
    }
    match values.get(name).filter(|_| fills(step)) {
        Some(value) => fill(client, name, value).await,
        None => Ok(()),
    }
}

async fn create(client: &Client, name: &str, labels: &Value) -> Result<(), Error> {
    let labels = text_map(labels);
    let create = async || client.create_secret(name, &labels).await;
    let is_ours = async || Ok(client.secret(name).await?.labels == labels);
    made(create, is_ours).await
}

/// Two versions with the same value, where an answer was lost, are as good as one.
async fn fill(client: &Client, name: &str, value: &Payload) -> Result<(), Error> {
    let add = async || client.add_secret_version(name, value.expose()).await;
    made(add, async || Ok(false)).await
}

fn text_map(labels: &Value) -> BTreeMap<String, String> {
    let labels = labels.as_object().into_iter().flatten();
    labels
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
