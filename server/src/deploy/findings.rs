//! What stands against a deployment, looked for before its plan is shown.

use std::fmt;

use control_plane::{
    deployment::Inventory,
    preflight::{Facts, Finding, Intent, Severity, preflight},
};
use serde_json::{Value, json};

use super::Target;
use crate::failure::Failure;

/// What was found, the worst first.
#[derive(Debug)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Looks at the project and at what is deployed in it, side by side.
    ///
    /// Where the one cannot be read, the other mostly says why: an API that is off, a permission that
    /// is missing.
    pub(crate) async fn gather(target: &Target) -> Result<(Self, Inventory), Failure> {
        let nothing = Inventory::default();
        // What is asked of the project does not depend on what is there.
        let asked = intent(target, &nothing);
        let (facts, found) = tokio::join!(Facts::read(&target.client, &asked), target.inventory());
        match found {
            Ok(found) => Ok((Self(preflight(&intent(target, &found), &facts)), found)),
            Err(failure) => {
                eprint!("{}", Self(preflight(&asked, &facts)));
                Err(failure)
            }
        }
    }

    /// Adds one in its place.
    pub(crate) fn add(&mut self, finding: Finding) {
        let at = self
            .0
            .partition_point(|other| other.severity <= finding.severity);
        self.0.insert(at, finding);
    }

    /// How many of them stop the deployment.
    pub(crate) fn stops(&self) -> usize {
        let stops = |finding: &&Finding| finding.severity == Severity::Stops;
        self.0.iter().filter(stops).count()
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let finding = |finding: &Finding| {
            let severity = match finding.severity {
                Severity::Stops => "stops",
                Severity::Warns => "warns",
                Severity::Notes => "notes",
            };
            json!({ "severity": severity, "text": finding.text })
        };
        self.0.iter().map(finding).collect()
    }
}

impl fmt::Display for Findings {
    /// A line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| {
            let sign = match finding.severity {
                Severity::Stops => "x",
                Severity::Warns => "!",
                Severity::Notes => "i",
            };
            writeln!(f, "{sign} {finding}")
        })
    }
}

fn intent(target: &Target, found: &Inventory) -> Intent {
    Intent::of(&target.configuration, target.client.project(), found)
}
