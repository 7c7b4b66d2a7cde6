use std::collections::BTreeMap;

use futures::TryStreamExt;
use futures::future::{try_join, try_join_all, try_join3};
use gce::compute::{Autoscaler, InstanceGroupManager};
use gce::{Client, Error, Resource, Scope};
use serde_json::Value;

use super::apply::NEWS_OF_AN_API;
use super::mark::image_of;
use super::part::COMPUTE;
use super::{Id, Kind, Mark, Sought, beside};
use crate::Location;

/// What exists of a deployment's resources, as Google has it, and what stands in the way of its names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    found: BTreeMap<Id, Value>,
}

/// The template that a deployment's instances are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InService {
    /// The template's name.
    pub template: String,
    /// The template's URL.
    pub url: String,
    /// The container's image.
    pub image: Option<String>,
    /// The image of the boot disk.
    pub boot_image: Option<String>,
}

impl Inventory {
    /// Looks for everything that a deployment has or could be hindered by: one list for each kind,
    /// side by side. Changes nothing.
    ///
    /// An API that the project has not enabled has nothing. One that it has enabled just now may be
    /// called disabled for a while, and is asked again: else what is there would be made twice.
    pub async fn gather(client: &Client, sought: &Sought) -> Result<Self, Error> {
        let mut found = Self::default();
        if sought.beside {
            let apis = beside::find(client, Kind::Api, sought).await?;
            found.found.extend(apis);
        }
        let client = &client.clone().awaiting_services(NEWS_OF_AN_API);
        let is_on =
            |kind: &Kind| *kind != Kind::Api && !kind.is_of_compute() && found.has_api(kind.api());
        let others = Kind::ALL.into_iter().filter(is_on);
        let others = try_join_all(others.map(|kind| beside::find(client, kind, sought)));
        let compute = async {
            if sought.beside && !found.has_api(COMPUTE) {
                return Ok(Vec::new());
            }
            in_compute(client, &sought.deployment).await
        };
        let (compute, others) = try_join(compute, others).await?;
        let all = compute.into_iter().chain(others.into_iter().flatten());
        found.found.extend(all);
        Ok(found)
    }

    /// Whether the project has enabled an API.
    pub(super) fn has_api(&self, host: &str) -> bool {
        self.all(Kind::Api).any(|(id, _)| id.name == host)
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Value> {
        self.found.get(id)
    }

    /// All that bears a mark.
    pub(super) fn marked<'a>(
        &'a self,
        mark: &'a Mark,
    ) -> impl Iterator<Item = (&'a Id, &'a Value)> {
        self.found
            .iter()
            .filter(|(id, body)| mark.is_on(id.kind, body))
    }

    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = (&Id, &Value)> {
        self.found.iter().filter(move |(id, _)| id.kind == kind)
    }

    /// What a deployment's first group runs; `None` before there is one.
    pub fn in_service(&self, deployment: &str) -> Option<InService> {
        let mut groups = self.all(Kind::Group);
        let (_, group) = groups.find(|(id, _)| id.name == deployment)?;
        let url = stable(group)?;
        let template = gce::name_of(url);
        let body = self.template(template);
        let properties = body.map(|body| &body["properties"]);
        let disk = properties.map(|properties| &properties["disks"][0]["initializeParams"]);
        Some(InService {
            template: template.to_owned(),
            url: url.to_owned(),
            image: body.and_then(image_of).map(str::to_owned),
            boot_image: disk
                .and_then(|disk| disk["sourceImage"].as_str())
                .map(str::to_owned),
        })
    }

    /// A global forwarding rule, by its name.
    pub fn forwarding_rule(&self, name: &str) -> Option<&Value> {
        let mut rules = self.all(Kind::ForwardingRule);
        rules.find(|(id, _)| id.name == name).map(|(_, rule)| rule)
    }

    /// The digits of a global address, by its name.
    pub fn address(&self, name: &str) -> Option<&str> {
        let mut addresses = self.all(Kind::Address);
        let (_, address) = addresses.find(|(id, _)| id.name == name)?;
        address["address"].as_str()
    }

    /// How many instances a deployment's group in a place shall have; 0 before there is one.
    pub(crate) fn size(&self, deployment: &str, location: &Location) -> u32 {
        let group = self.get(&Id {
            kind: Kind::Group,
            scope: location.scope(),
            name: deployment.to_owned(),
        });
        let size = group.and_then(|group| group["targetSize"].as_u64());
        size.and_then(|size| u32::try_from(size).ok())
            .unwrap_or_default()
    }

    pub(super) fn template(&self, name: &str) -> Option<&Value> {
        self.get(&Id {
            kind: Kind::Template,
            scope: Scope::Global,
            name: name.to_owned(),
        })
    }

    pub(super) fn set(&mut self, id: Id, body: Value) {
        self.found.insert(id, body);
    }

    pub(super) fn remove(&mut self, id: &Id) {
        self.found.remove(id);
    }
}

/// The URL of a group's template: of several, that of the version for all instances that no other
/// version claims.
pub(super) fn stable(group: &Value) -> Option<&str> {
    let versions = group["versions"].as_array().into_iter().flatten();
    let mut for_the_rest = versions.filter(|version| !is_partial(version));
    let version = for_the_rest.next().unwrap_or(group);
    version["instanceTemplate"].as_str()
}

/// The URL of the version that only some instances try.
pub(super) fn tried(group: &Value) -> Option<&str> {
    let mut versions = group["versions"].as_array().into_iter().flatten();
    let canary = versions.find(|version| is_partial(version))?;
    canary["instanceTemplate"].as_str()
}

/// Google states the size of every version, and only for a part of the instances how it was asked for:
/// `targetSize: {"calculated": 2}` is a version for all.
fn is_partial(version: &Value) -> bool {
    let size = &version["targetSize"];
    ["fixed", "percent"].iter().any(|how| !size[how].is_null())
}

/// What Compute has under the deployment's names, or with its mark.
async fn in_compute(client: &Client, deployment: &str) -> Result<Vec<(Id, Value)>, Error> {
    let global = Kind::ALL
        .into_iter()
        .filter(|kind| kind.is_of_compute() && !kind.is_local());
    let (global, groups, autoscalers) = try_join3(
        try_join_all(global.map(|kind| list(client, kind))),
        everywhere::<InstanceGroupManager>(client, Kind::Group),
        everywhere::<Autoscaler>(client, Kind::Autoscaler),
    )
    .await?;
    let mark = Mark::of(deployment);
    let found = global
        .into_iter()
        .flatten()
        .chain(groups)
        .chain(autoscalers);
    let concerns = |(id, body): &(Id, Value)| {
        let rest = id.name.strip_prefix(deployment);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            || mark.is_on(id.kind, body)
    };
    Ok(found.filter(concerns).collect())
}

async fn list(client: &Client, kind: Kind) -> Result<Vec<(Id, Value)>, Error> {
    let bodies = client.list_values(&Scope::Global, kind.collection());
    bodies
        .map_ok(|body| (id(kind, &body), body))
        .try_collect()
        .await
}

/// A kind that lives in zones and regions: also in those that the configuration no longer names.
async fn everywhere<T: Resource>(client: &Client, kind: Kind) -> Result<Vec<(Id, Value)>, Error> {
    let found: Vec<T> = client.aggregated_list().try_collect().await?;
    let body = |one| serde_json::to_value(one).unwrap_or_default();
    let with_id = |body: Value| (id(kind, &body), body);
    Ok(found.into_iter().map(body).map(with_id).collect())
}

fn id(kind: Kind, body: &Value) -> Id {
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let place = ["zone", "region"]
        .map(text)
        .into_iter()
        .find(|url| !url.is_empty());
    Id {
        kind,
        scope: place.map_or(Scope::Global, Scope::of_url),
        name: text("name").to_owned(),
    }
}
