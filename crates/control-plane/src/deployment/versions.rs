//! The releases of a deployment: its templates, and the way between them.

use serde_json::{Value, json};

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
}

impl Inventory {
    /// The versions with this mark, newest first.
    pub fn versions(&self, mark: &Mark) -> Vec<Version> {
        let used: Vec<&str> = self
            .groups(mark)
            .filter_map(|(_, group)| group["instanceTemplate"].as_str())
            .map(gce::name_of)
            .collect();
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
            let before = group["instanceTemplate"].as_str().map(gce::name_of);
            let name = gce::name_of(template);
            let is_alone = group["versions"].as_array().is_none_or(|all| all.len() < 2);
            if before == Some(name) && is_alone {
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
            step.changes = vec![FieldChange {
                field: "instanceTemplate".to_owned(),
                before: before.map(str::to_owned),
                after: Some(name.to_owned()),
            }];
            step
        })
        .collect();
    order(&mut steps, found);
    Plan {
        steps,
        ..Plan::default()
    }
}
