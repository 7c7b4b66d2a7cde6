//! Names that somebody else has taken.

use super::{Facts, Finding, Intent};

pub(super) fn check(_intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let finding = |foreign: &super::Foreign| {
        Finding::stops(format!(
            "There is a {} '{}' that does not belong to this deployment: choose another name, or take \
             it over with --adopt.",
            foreign.kind, foreign.name
        ))
    };
    facts.foreign.iter().map(finding).collect()
}
