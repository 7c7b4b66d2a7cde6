use serde_json::{Map, Value};

use super::matches::matches;
use super::part::{Part, Upkeep};
use super::{Act, Blueprint, Inventory, Step};

/// What has to be done so that everything in the blueprint exists as it states: nothing, if it does.
/// Steps come in the order of dependency: a resource after those it refers to.
pub fn plan(blueprint: &Blueprint, inventory: &Inventory) -> Vec<Step> {
    let parts = blueprint.parts().into_iter();
    parts.filter_map(|part| step(part, inventory)).collect()
}

fn step(part: Part, inventory: &Inventory) -> Option<Step> {
    let act = match inventory.get(&part) {
        None => Act::Create(part.body.clone()),
        Some(actual) => Act::Update(update(&part, actual)?),
    };
    Some(Step { part, act })
}

/// The fields of an existing resource that are not as stated, as a merge patch.
fn update(part: &Part, actual: &Value) -> Option<Value> {
    let is_kept = |field: &str| match part.kind.upkeep() {
        Upkeep::Stated => true,
        Upkeep::Only(fields) => fields.contains(&field),
        Upkeep::Nothing => false,
    };
    let stated = part
        .body
        .as_object()?
        .iter()
        .filter(|(field, _)| is_kept(field));
    let differs = |(field, stated): &(&String, &Value)| {
        !actual
            .get(field.as_str())
            .is_some_and(|actual| matches(stated, actual))
    };
    let mut patch: Map<String, Value> = stated
        .filter(differs)
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    if patch.is_empty() {
        return None;
    }
    // With it, Google refuses the change if somebody else's came first.
    if let Some(fingerprint) = actual.get("fingerprint") {
        patch.insert("fingerprint".to_owned(), fingerprint.clone());
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests;
