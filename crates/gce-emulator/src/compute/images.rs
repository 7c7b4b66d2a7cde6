//! The public images of Google's image projects: a family stands for its newest image.

use serde_json::{Value, json};

use super::{
    call::Call,
    catalog::{CREATED, id},
    image, lists,
};
use crate::{error::ApiError, resource::canonical_url};

/// Image projects, their families, and the image that each family stands for today.
const FAMILIES: [(&str, &str, &str); 5] = [
    ("cos-cloud", "cos-stable", "cos-stable-125-19216-0-0"),
    ("cos-cloud", "cos-125-lts", "cos-125-19216-0-0"),
    ("cos-cloud", "cos-121-lts", "cos-121-18867-0-0"),
    ("debian-cloud", "debian-12", "debian-12-bookworm-v20261110"),
    ("debian-cloud", "debian-13", "debian-13-trixie-v20261110"),
];

/// Image projects that gcloud also asks when it lists images. They exist, and are empty here.
const OTHERS: [&str; 15] = [
    "centos-cloud",
    "fedora-coreos-cloud",
    "opensuse-cloud",
    "oracle-linux-cloud",
    "rhel-cloud",
    "rhel-sap-cloud",
    "rocky-linux-accelerator-cloud",
    "rocky-linux-cloud",
    "suse-cloud",
    "suse-sap-cloud",
    "ubuntu-os-accelerator-images",
    "ubuntu-os-cloud",
    "ubuntu-os-pro-cloud",
    "windows-cloud",
    "windows-sql-cloud",
];

/// Whether a project is one of those that publish images.
pub(super) fn is_published_by(project: &str) -> bool {
    OTHERS.contains(&project) || FAMILIES.iter().any(|(owner, ..)| *owner == project)
}

/// The images of a project that publishes them; of our own project, none.
pub(super) fn answer(project: &str, name: &[&str], call: &Call) -> Result<Value, ApiError> {
    let path = format!("projects/{project}/global/images");
    if name.is_empty() {
        let head = image::list_head("imageList", &path);
        return lists::of_values(head, "items", list(project), call);
    }
    if let [_, verb] = name
        && name[0] != "family"
    {
        return Err(ApiError::not_emulated(&format!("compute.images.{verb}")));
    }
    let name = name.join("/");
    find(project, &name).ok_or_else(|| ApiError::not_found(&format!("{path}/{name}")))
}

/// A public image, by `family/NAME` or by its own name.
fn find(project: &str, name: &str) -> Option<Value> {
    let wanted = |image: &&(&str, &str, &str)| {
        image.0 == project
            && match name.strip_prefix("family/") {
                Some(family) => image.1 == family,
                None => image.2 == name,
            }
    };
    FAMILIES.iter().find(wanted).map(shape)
}

/// All public images of a project, by name.
fn list(project: &str) -> Vec<Value> {
    let mut images: Vec<_> = FAMILIES
        .iter()
        .filter(|(owner, ..)| *owner == project)
        .collect();
    images.sort_by_key(|(_, _, name)| *name);
    images.into_iter().map(shape).collect()
}

/// Whether an image that a template names can exist. What other projects hold is not known here.
pub(super) fn may_exist(reference: &str) -> bool {
    let path = reference.split("projects/").nth(1).unwrap_or_default();
    match path.split_once("/global/images/") {
        Some((project, name)) if FAMILIES.iter().any(|(owner, ..)| *owner == project) => {
            find(project, name).is_some()
        }
        _ => true,
    }
}

fn shape((project, family, image): &(&str, &str, &str)) -> Value {
    let path = format!("projects/{project}/global/images/{image}");
    json!({
        "kind": "compute#image", "id": id(&path).to_string(), "name": image, "family": family,
        "creationTimestamp": CREATED, "selfLink": canonical_url(&path), "status": "READY",
        "diskSizeGb": "10", "archiveSizeBytes": "1000000000", "sourceType": "RAW",
        "architecture": "X86_64", "description": format!("{family}, as the local cloud knows it"),
    })
}
