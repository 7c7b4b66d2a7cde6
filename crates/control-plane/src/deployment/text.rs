//! A plan as people read it.

use std::fmt;

use super::{Drift, Kind, Plan, Step};
use crate::FieldChange;
use crate::url::within_project;

impl fmt::Display for Plan {
    /// A line for each resource with its sign, and its fields below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| resource(f, step))?;
        self.drift.iter().try_for_each(|drift| kept(f, drift))?;
        if self.steps.iter().any(Step::interrupts) {
            writeln!(
                f,
                "! the load balancer looks elsewhere at once, and the instances that run do not: the site is \
                 down until new ones serve"
            )?;
        }
        for kind in &self.hidden {
            writeln!(
                f,
                "! each {kind} is hidden from these credentials: what there is of them is not in this plan"
            )?;
        }
        for id in &self.in_the_way {
            writeln!(
                f,
                "! {id} is not of this deployment: choose another name, or take it over with --adopt"
            )?;
        }
        Ok(())
    }
}

fn resource(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    write!(f, "{} {}", step.sign(), step.id)?;
    match &step.why {
        Some(why) => writeln!(f, ": {why}")?,
        None => writeln!(f)?,
    }
    step.changes.iter().try_for_each(|change| field(f, change))
}

fn field(f: &mut fmt::Formatter<'_>, change: &FieldChange) -> fmt::Result {
    let FieldChange { field, .. } = change;
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    match (before.map(shortened), after.map(shortened)) {
        (Some(before), Some(after)) => writeln!(f, "    {field}: {before} → {after}"),
        (None, Some(after)) => writeln!(f, "    {field}: {after} (new)"),
        (Some(before), None) => writeln!(f, "    {field}: {before} (goes)"),
        (None, None) => writeln!(f, "    {field}"),
    }
}

/// A URL of this project's by what tells it from others.
fn shortened(value: &str) -> &str {
    if value.starts_with("https://www.googleapis.com/compute/") {
        return within_project(value);
    }
    value
}

fn kept(f: &mut fmt::Formatter<'_>, drift: &Drift) -> fmt::Result {
    if drift.id.kind == Kind::BackendService {
        return drift.changes.iter().try_for_each(|change| {
            let place = &change.field;
            writeln!(
                f,
                "! {place} is drained, and stays so until flaskscale fill {place}"
            )
        });
    }
    writeln!(
        f,
        "! {}: its policy is kept as its owner has it; --policy sets it to the file's",
        drift.id
    )?;
    for change in &drift.changes {
        let nothing = || "nothing".to_owned();
        let (is, would) = (
            change.before.clone().unwrap_or_else(nothing),
            change.after.clone().unwrap_or_else(nothing),
        );
        writeln!(f, "    {}: {is} (in the file: {would})", change.field)?;
    }
    Ok(())
}
