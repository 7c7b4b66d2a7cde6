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
    for (at, needs) in needs.into_iter().enumerate() {
        let others = needs.into_iter().filter(|need| *need != at);
        let mut needs: BTreeSet<usize> = others.collect();
        needs.extend(in_the_same_policy(steps, at, found));
        needs.extend(rights_first(steps, at));
        steps[at].needs = needs.into_iter().collect();
    }
    for step in steps
        .iter_mut()
        .filter(|step| matches!(step.act, Act::Update(_) | Act::Delete))
    {
        step.was = found.get(&step.id).cloned().unwrap_or_default();
    }
}

/// Two writers of one policy would only hinder each other: each has to begin anew when the other was
/// faster.
fn in_the_same_policy(steps: &[Step], at: usize, found: &Inventory) -> Option<usize> {
    let policy = |step: &Step| {
        let body = match &step.act {
            Act::Create(body) => Some(body),
            Act::Delete => found.get(&step.id),
            _ => None,
        };
        let grant = body.filter(|_| step.id.kind == Kind::Grant)?;
        grant["of"].as_str().map(str::to_owned)
    };
    let own = policy(&steps[at])?;
    (0..at)
        .rev()
        .find(|before| policy(&steps[*before]).as_ref() == Some(&own))
}

/// A new instance begins to work at once: what it reads has to be there, and what it may do takes
/// minutes to be known everywhere.
fn rights_first(steps: &[Step], at: usize) -> Vec<usize> {
    let starts = |step: &Step| {
        step.id.kind == Kind::Group && matches!(step.act, Act::Create(_) | Act::Update(_))
    };
    let gives = |step: &Step| {
        matches!(step.id.kind, Kind::Grant | Kind::Secret) && !matches!(step.act, Act::Delete)
    };
    positions(steps, |_, step| {
        starts(&steps[at]) && gives(step) && step.acts()
    })
}

/// The steps that make what a body names.
fn makers(steps: &[Step], body: &Value) -> Vec<usize> {
    let named = references(body);
    let makes = |step: &Step| match &step.act {
        Act::Create(body) | Act::Replace(body) => {
            let names = names(&step.id, Some(body));
            names.iter().any(|name| named.contains(name))
        }
        _ => false,
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

/// What others write where they mean this resource. A group is also known as its instance group, a
/// rule holds the digits of its address, and an account is known by its e-mail address.
pub(super) fn names(id: &Id, body: Option<&Value>) -> Vec<String> {
    let mut names = vec![id.path()];
    if id.kind == Kind::Group {
        names.push(format!("{}/instanceGroups/{}", id.scope, id.name));
    }
    let field = match id.kind {
        Kind::Address => "address",
        Kind::ServiceAccount => "email",
        _ => return names,
    };
    let name = body.and_then(|body| body[field].as_str());
    names.extend(name.map(str::to_owned));
    names
}

/// What Google itself writes into a body: who uses it, what it made of it.
const NO_USES: [&str; 5] = ["selfLink", "instanceGroup", "status", "users", "usedBy"];

/// What the addresses of service accounts end with.
const ACCOUNT: &str = ".gserviceaccount.com";

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
        Value::String(text) if text.ends_with(ACCOUNT) && !text.contains('/') => {
            let email = text.strip_prefix("serviceAccount:").unwrap_or(text);
            found.insert(email.to_owned());
        }
        Value::String(text) if is_reference(text) && text.contains("projects/") => {
            let within = within_project(text);
            // The project itself is always there.
            if within != text {
                found.insert(within.to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}
