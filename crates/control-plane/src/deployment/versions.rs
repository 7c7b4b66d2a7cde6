//! The releases of a deployment: its templates, and the way between them.

use serde_json::{Value, json};

use super::inventory::{stable, tried};
use super::mark::image_of;
use super::order::order;
use super::{Act, Id, Inventory, Kind, Mark, Plan, Step};
use crate::FieldChange;

/// A template that a deployment has, or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The template's name.
    pub template: String,
    /// Its URL.
    pub url: String,
    /// The container's image.
    pub image: Option<String>,
    /// RFC 3339.
    pub created: String,
    /// Whether some group makes its instances from it.
    pub in_service: bool,
    /// Whether only some instances of a group try it.
    pub is_canary: bool,
}

impl Inventory {
    /// The versions with this mark, newest first.
    pub fn versions(&self, mark: &Mark) -> Vec<Version> {
        let names = |of: fn(&Value) -> Option<&str>| -> Vec<&str> {
            let urls = self.groups(mark).filter_map(|(_, group)| of(group));
            urls.map(gce::name_of).collect()
        };
        let (used, tried) = (names(stable), names(tried));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let templates = self
            .marked(mark)
            .filter(|(id, _)| id.kind == Kind::Template);
        let mut versions: Vec<Version> = templates
            .map(|(id, body)| Version {
                template: id.name.clone(),
                url: text(&body["selfLink"]),
                image: image_of(body).map(str::to_owned),
                created: text(&body["creationTimestamp"]),
                in_service: used.contains(&id.name.as_str()),
                is_canary: tried.contains(&id.name.as_str()),
            })
            .collect();
        let at = |version: &Version| crate::time::parse(&version.created).map(|at| at.0);
        versions.sort_by_key(|version| std::cmp::Reverse(at(version)));
        versions
    }

    pub(super) fn groups<'a>(
        &'a self,
        mark: &'a Mark,
    ) -> impl Iterator<Item = (&'a Id, &'a Value)> {
        self.marked(mark).filter(|(id, _)| id.kind == Kind::Group)
    }
}

/// Has every group with this mark make its instances from a template, given by its URL.
pub fn switch(mark: &Mark, found: &Inventory, template: &str) -> Plan {
    let mut steps: Vec<Step> = found
        .groups(mark)
        .map(|(id, group)| {
            let before = stable(group).map(gce::name_of);
            let name = gce::name_of(template);
            if before == Some(name) && tried(group).is_none() {
                return Step::new(id.clone(), Act::Keep);
            }
            let mut patch = json!({
                "instanceTemplate": template,
                "versions": [{ "instanceTemplate": template }],
            });
            if let Some(fingerprint) = group.get("fingerprint") {
                patch["fingerprint"] = fingerprint.clone();
            }
            let mut step = Step::new(id.clone(), Act::Update(patch));
            let before = tried(group).map_or(before, |canary| Some(gce::name_of(canary)));
            step.changes = vec![changed(before, name.to_owned())];
            step
        })
        .collect();
    order(&mut steps, found);
    Plan {
        steps,
        ..Plan::default()
    }
}

/// The same release, first for so many of a hundred instances of each group: the others stay what
/// they are.
#[must_use]
pub fn as_canary(mut release: Plan, found: &Inventory, percent: u32) -> Plan {
    for step in release
        .steps
        .iter_mut()
        .filter(|step| step.id.kind == Kind::Group)
    {
        let before = found.get(&step.id).and_then(stable);
        let (Some(before), Act::Update(patch)) = (before, &mut step.act) else {
            continue;
        };
        let new = patch["versions"][0]["instanceTemplate"].clone();
        let Some(new) = new.as_str().map(str::to_owned) else {
            continue;
        };
        if let Some(patch) = patch.as_object_mut() {
            patch.remove("instanceTemplate");
        }
        patch["versions"] = json!([
            { "instanceTemplate": before },
            { "instanceTemplate": new, "targetSize": { "percent": percent } },
        ]);
        let new = format!("{percent} % of {}", gce::name_of(&new));
        step.changes = vec![changed(Some(gce::name_of(before)), new)];
    }
    release
}

fn changed(before: Option<&str>, after: String) -> FieldChange {
    FieldChange {
        field: "versions".to_owned(),
        before: before.map(str::to_owned),
        after: Some(after),
    }
}
