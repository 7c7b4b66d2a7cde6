//! What would stop a deployment, asked before anything is made.
//!
//! ```text
//! Intent ─┐
//!         ├─ preflight() → Vec<Finding>   pure, printable
//! Facts  ─┘
//! ```
//!
//! [`Facts::read`] asks the cloud for all of them side by side; whatever it refuses to say becomes a
//! finding of its own instead of an error, since most projects keep something from most people.

mod access;
mod domain;
mod facts;
mod finding;
mod intent;
mod needs;
mod organisation;
mod quotas;
mod read;
mod room;
mod secrets;

pub use facts::{Answer, Facts, Quota, Record, Region};
pub use finding::{Finding, Severity};
pub use intent::{Account, Intent, Place, Secrets};
pub use needs::{permissions, services};

/// Everything that stands against a deployment, or is worth knowing before it; what stops it first.
///
/// Names that are taken are not among it: they are in the way of the plan.
pub fn preflight(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(access::check(intent, facts));
    findings.extend(organisation::check(intent, facts));
    findings.extend(quotas::check(intent, facts));
    findings.extend(room::check(intent, facts));
    findings.extend(secrets::check(intent, facts));
    findings.extend(domain::check(intent, facts));
    // Stable: findings of the same weight stay in the order in which they are met.
    findings.sort_by_key(|finding| finding.severity);
    findings
}
