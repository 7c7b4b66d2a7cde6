use std::collections::BTreeMap;

use futures::future::try_join_all;
use gce::{Client, Error};
use serde_json::Value;

use super::Blueprint;
use super::part::{Kind, Part};

/// What exists of a blueprint's resources, as Google has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    found: BTreeMap<(Kind, String), Value>,
}

impl Inventory {
    /// Looks for every resource of a blueprint. Changes nothing.
    pub async fn gather(client: &Client, blueprint: &Blueprint) -> Result<Self, Error> {
        let parts = blueprint.parts();
        let found = try_join_all(parts.iter().map(|part| look(client, part))).await?;
        Ok(Self {
            found: found.into_iter().flatten().collect(),
        })
    }

    pub(super) fn get(&self, part: &Part) -> Option<&Value> {
        self.found.get(&(part.kind, part.name.clone()))
    }

    #[cfg(test)]
    pub(super) fn add(&mut self, part: &Part, body: Value) {
        self.found.insert((part.kind, part.name.clone()), body);
    }
}

async fn look(client: &Client, part: &Part) -> Result<Option<((Kind, String), Value)>, Error> {
    match client
        .get_value(&part.scope, part.kind.collection(), &part.name)
        .await
    {
        Ok(body) => Ok(Some(((part.kind, part.name.clone()), body))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
