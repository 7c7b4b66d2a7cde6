//! Whether the secrets that the app reads are there: without one no instance would start.

use super::{Answer, Facts, Finding, Intent, access};

pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    // An API that is off is told by itself, and knows no secret.
    if access::is_off(facts, "secretmanager.googleapis.com") {
        return Vec::new();
    }
    let answers = facts.secrets.iter();
    answers
        .filter_map(|((name, version), answer)| finding(&intent.project, name, *version, answer))
        .collect()
}

fn finding(project: &str, name: &str, version: u64, answer: &Answer<bool>) -> Option<Finding> {
    match answer {
        Answer::Is(true) => None,
        Answer::Is(false) => Some(Finding::stops(format!(
            "Version {version} of the secret '{name}' is disabled: enable it with `gcloud secrets versions \
             enable {version} --secret {name} --project {project}`, or name another one in app.secrets."
        ))),
        Answer::Missing => Some(Finding::stops(format!(
            "There is no version {version} of the secret '{name}': make it with `gcloud secrets create {name} \
             --data-file=- --project {project}`, add a version with `gcloud secrets versions add`, or name \
             another one in app.secrets."
        ))),
        Answer::Unknown(why) => Some(Finding::notes(format!(
            "Whether the secret '{name}' has a version {version} cannot be told (Google says: {why})."
        ))),
    }
}
