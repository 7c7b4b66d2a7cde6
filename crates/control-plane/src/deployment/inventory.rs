use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use futures::future::{try_join, try_join_all, try_join3};
use gce::compute::{Autoscaler, InstanceGroupManager};
use gce::{Client, Error, Resource, Scope};
use serde_json::Value;

use super::apply::NEWS_OF_AN_API;
use super::blueprint::repository;
use super::mark::image_of;
use super::part::COMPUTE;
use super::{Id, Kind, Mark, Sought, beside};
use crate::Location;

/// What exists of a deployment's resources, as Google has it, and what stands in the way of its names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    found: BTreeMap<Id, Value>,
    /// Kinds that the caller may not see.
    hidden: BTreeSet<Kind>,
    /// The zone that answers for a domain, where it is the caller's to change.
    zones: BTreeMap<String, String>,
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
        if !sought.beside {
            let compute = in_compute(client, &sought.deployment).await?;
            found.found.extend(compute);
            return Ok(found);
        }
        found.look_beside(client, &[Kind::Api], sought).await?;
        let client = &client.clone().awaiting_services(NEWS_OF_AN_API);
        let compute = async {
            if found.has_api(COMPUTE) {
                in_compute(client, &sought.deployment).await
            } else {
                Ok(Vec::new())
            }
        };
        let mut others = found.clone();
        let (compute, ()) =
            try_join(compute, others.look_beside(client, &Kind::BESIDE, sought)).await?;
        others.found.extend(compute);
        // Which repositories have a policy of interest is known by the templates' images.
        others.look_beside(client, &[Kind::Grant], sought).await?;
        others.mark_grants(&sought.deployment);
        others.look_beside(client, &[Kind::Access], sought).await?;
        if others.has_api(Kind::Record.api()) {
            others.look_at_domains(client, sought).await?;
        }
        Ok(others)
    }

    /// Looks for kinds that are not Compute's, side by side. What is refused is noted as hidden.
    async fn look_beside(
        &mut self,
        client: &Client,
        kinds: &[Kind],
        sought: &Sought,
    ) -> Result<(), Error> {
        let is_on = |kind: &&Kind| **kind == Kind::Api || self.has_api(kind.api());
        let looks = kinds.iter().filter(is_on).map(async |kind| {
            match beside::find(client, *kind, sought, self).await {
                Err(error) if is_refusal(&error) => Ok((*kind, None)),
                found => found.map(|found| (*kind, Some(found))),
            }
        });
        for (kind, found) in try_join_all(looks).await? {
            match found {
                Some(found) => self.found.extend(found),
                None => _ = self.hidden.insert(kind),
            }
        }
        Ok(())
    }

    /// A zone that may not be read is as good as somebody else's.
    async fn look_at_domains(&mut self, client: &Client, sought: &Sought) -> Result<(), Error> {
        let domains = match beside::records::find(client, sought, self).await {
            Err(error) if is_refusal(&error) => return Ok(()),
            other => other?,
        };
        self.zones = domains.zones;
        self.found.extend(domains.records);
        Ok(())
    }

    /// The zone of a domain, if it is the caller's to change.
    pub(super) fn zone(&self, domain: &str) -> Option<&str> {
        self.zones.get(domain).map(String::as_str)
    }

    /// Where a domain leads, as far as a zone of the project says it, and whether a deployment with this
    /// mark has led it there.
    pub fn leads(&self, domain: &str, mark: &Mark) -> Option<(&str, bool)> {
        let mut records = self.all(Kind::Record);
        let (id, body) = records.find(|(id, _)| id.name.trim_end_matches('.') == domain)?;
        let target = body["rrdatas"][0].as_str()?;
        Some((target, mark.is_on(id.kind, body)))
    }

    /// A grant is of whoever the account is of; without an account there is nobody who could have it.
    fn mark_grants(&mut self, deployment: &str) {
        let account = Id {
            kind: Kind::ServiceAccount,
            scope: Scope::Global,
            name: beside::accounts::id_of(deployment),
        };
        let mark = self
            .get(&account)
            .map(|account| account["description"].clone());
        self.found
            .retain(|id, _| id.kind != Kind::Grant || mark.is_some());
        let grants = self
            .found
            .iter_mut()
            .filter(|(id, _)| id.kind == Kind::Grant);
        for (_, grant) in grants {
            grant["description"] = mark.clone().unwrap_or_default();
        }
    }

    /// The kinds of which the caller may not see what there is.
    pub(super) fn hidden(&self) -> impl Iterator<Item = Kind> {
        self.hidden.iter().copied()
    }

    /// The repositories of the versions' images, as far as they are in a project.
    pub(super) fn repositories(&self, project: &str) -> BTreeSet<String> {
        let images = self
            .all(Kind::Template)
            .filter_map(|(_, body)| image_of(body));
        images
            .filter_map(|image| repository(image, project))
            .collect()
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

    /// Has a zone of the project answer for a domain.
    #[cfg(test)]
    pub(super) fn answer_for(&mut self, domain: &str, zone: &str) {
        self.zones.insert(domain.to_owned(), zone.to_owned());
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

/// Whether somebody is refused for good.
fn is_refusal(error: &Error) -> bool {
    let passes = error.is_rate_limited() || error.disabled_service().is_some();
    error.status() == Some(403) && !passes
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
