//! The same deployment in the words of other tools, for those who outgrow this one. Pure.

mod gcloud;
mod hcl;
mod terraform;
#[cfg(test)]
mod tests;

use super::part::{Kind, Part};
use super::{Blueprint, Inventory};

/// The tool that is to go on from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A script of `gcloud` commands, which makes everything in a project that has nothing of it.
    Gcloud,
    /// A Terraform configuration, which takes over what is there.
    Terraform,
}

/// What the blueprint asks for, with what its owner has changed since: the policies in force count.
pub fn export(dialect: Dialect, blueprint: &Blueprint, found: &Inventory) -> String {
    let parts = in_force(blueprint, found);
    match dialect {
        Dialect::Gcloud => gcloud::script(blueprint, &parts),
        Dialect::Terraform => terraform::configuration(blueprint, &parts, found),
    }
}

fn in_force(blueprint: &Blueprint, found: &Inventory) -> Vec<Part> {
    let mut parts = blueprint.parts(found);
    for part in parts
        .iter_mut()
        .filter(|part| part.id.kind == Kind::Autoscaler)
    {
        if let Some(actual) = found.get(&part.id) {
            part.body["autoscalingPolicy"] = actual["autoscalingPolicy"].clone();
        }
    }
    parts
}
