//! Which step has to wait for which: what is named must exist before, and what is deleted must be
//! named no longer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::matches::is_reference;
use super::{Act, Id, Inventory, Kind, Step};
use crate::url::within_project;

/// Fills in what each step needs.
pub(super) fn order(steps: &mut [Step], found: &Inventory) {
    let named_now: Vec<BTreeSet<String>> = steps
        .iter()
        .map(|step| found.get(&step.id).map(references).unwrap_or_default())
        .collect();
    let needs: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| match &step.act {
            Act::Create(body) | Act::Update(body) | Act::Replace(body) => makers(steps, body),
            Act::Delete => users(steps, &named_now, &names(&step.id, found.get(&step.id))),
            Act::Keep | Act::SetLabels { .. } => Vec::new(),
        })
        .collect();
    for (step, needs) in steps.iter_mut().zip(needs) {
        step.needs = needs;
    }
}

/// The steps that make what a body names.
fn makers(steps: &[Step], body: &Value) -> Vec<usize> {
    let named = references(body);
    let makes = |step: &Step| {
        matches!(step.act, Act::Create(_) | Act::Replace(_))
            && names(&step.id, None)
                .iter()
                .any(|name| named.contains(name))
    };
    positions(steps, |_, step| makes(step))
}

/// The steps that end a use of what bears one of these names.
fn users(steps: &[Step], named_now: &[BTreeSet<String>], names: &[String]) -> Vec<usize> {
    positions(steps, |at, step| {
        matches!(step.act, Act::Update(_) | Act::Delete)
            && names.iter().any(|name| named_now[at].contains(name))
    })
}

fn positions(steps: &[Step], is: impl Fn(usize, &Step) -> bool) -> Vec<usize> {
    let all = steps.iter().enumerate();
    all.filter(|(at, step)| is(*at, step))
        .map(|(at, _)| at)
        .collect()
}

/// What others write where they mean this resource. A group is also known as its instance group, and
/// a rule holds the digits of its address.
fn names(id: &Id, body: Option<&Value>) -> Vec<String> {
    let mut names = vec![id.path()];
    if id.kind == Kind::Group {
        names.push(format!("{}/instanceGroups/{}", id.scope, id.name));
    }
    let digits = body.filter(|_| id.kind == Kind::Address);
    names.extend(
        digits
            .and_then(|body| body["address"].as_str())
            .map(str::to_owned),
    );
    names
}

/// What Google itself writes into a body: who uses it, what it made of it.
const NO_USES: [&str; 5] = ["selfLink", "instanceGroup", "status", "users", "usedBy"];

/// Every resource that a body uses.
pub(super) fn references(body: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let fields = body.as_object().into_iter().flatten();
    for (_, value) in fields.filter(|(field, _)| !NO_USES.contains(&field.as_str())) {
        collect(value, &mut found);
    }
    if let Some(address) = body["IPAddress"].as_str() {
        found.insert(within_project(address).to_owned());
    }
    found
}

fn collect(body: &Value, found: &mut BTreeSet<String>) {
    match body {
        Value::String(text) if is_reference(text) && text.contains("projects/") => {
            found.insert(within_project(text).to_owned());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}
