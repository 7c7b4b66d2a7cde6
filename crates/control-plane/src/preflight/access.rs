//! The project, who pays for it, its APIs, and what the caller may do.

use std::collections::BTreeMap;

use super::{Account, Answer, Facts, Finding, Intent, needs};

pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let checks = [project, billing, services, permissions, account];
    checks
        .into_iter()
        .flat_map(|check| check(intent, facts))
        .collect()
}

fn project(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let project = &intent.project;
    let finding = match &facts.project_active {
        Answer::Is(true) => return Vec::new(),
        Answer::Is(false) => Finding::stops(format!(
            "The project '{project}' is being deleted: restore it with `gcloud projects undelete \
             {project}`, or name another one."
        )),
        Answer::Missing => Finding::stops(format!(
            "There is no project '{project}' that these credentials can see: correct its name, or \
             ask its owner to be let in."
        )),
        Answer::Unknown(_) if is_off(facts, "cloudresourcemanager.googleapis.com") => {
            Finding::notes(format!(
                "What these credentials may do on the project '{project}' is told only once its API \
                 cloudresourcemanager.googleapis.com is enabled."
            ))
        }
        // Google hides with the same refusal whether there is one.
        Answer::Unknown(why) => Finding::stops(format!(
            "The project '{project}' does not exist or is hidden from these credentials: correct its \
             name, or ask its owner for the role roles/viewer (Google says: {why})."
        )),
    };
    vec![finding]
}

/// Whether an API is known to be off.
pub(super) fn is_off(facts: &Facts, host: &str) -> bool {
    matches!(&facts.services, Answer::Is(known) if known.get(host) == Some(&false))
}

fn billing(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let project = &intent.project;
    let finding = match &facts.billing {
        Answer::Is(true) => return Vec::new(),
        Answer::Is(false) | Answer::Missing => Finding::stops(format!(
            "Nobody pays for the project '{project}': link a billing account at \
             https://console.cloud.google.com/billing/linkedaccount?project={project}."
        )),
        Answer::Unknown(why) => Finding::notes(format!(
            "Whether somebody pays for the project '{project}' cannot be told: look at \
             https://console.cloud.google.com/billing/linkedaccount?project={project} (Google says: \
             {why})."
        )),
    };
    vec![finding]
}

fn services(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let project = &intent.project;
    let known = match &facts.services {
        Answer::Is(known) => known,
        Answer::Missing => return Vec::new(),
        Answer::Unknown(why) => {
            return vec![Finding::notes(format!(
                "Which APIs are enabled cannot be told: ask for the role \
                 roles/serviceusage.serviceUsageViewer on the project '{project}' (Google says: {why})."
            ))];
        }
    };
    let mut disabled = needs::services(intent);
    disabled.retain(|service| known.get(*service) != Some(&true));
    // The plan enables them, and says so.
    let may_enable = match &facts.held {
        Answer::Is(held) => held.contains(needs::ENABLE),
        Answer::Missing | Answer::Unknown(_) => true,
    };
    if disabled.is_empty() || may_enable {
        return Vec::new();
    }
    vec![Finding::stops(format!(
        "Not all APIs are enabled: run `gcloud services enable {} --project {project}`, or ask somebody \
         with the role roles/serviceusage.serviceUsageAdmin to do so.",
        disabled.join(" ")
    ))]
}

/// One finding for each role that would bring what is missing.
fn permissions(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let project = &intent.project;
    let held = match &facts.held {
        Answer::Is(held) => held,
        Answer::Missing => return Vec::new(),
        Answer::Unknown(why) => {
            return vec![Finding::notes(format!(
                "What these credentials may do on the project '{project}' cannot be told: go on, and \
                 ask its owner for what is refused (Google says: {why})."
            ))];
        }
    };
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (permission, role) in needs::permissions(intent) {
        // What is missing of this one is told with the APIs that it is missing for.
        if permission != needs::ENABLE && !held.contains(permission) {
            missing.entry(role).or_default().push(permission);
        }
    }
    let finding = |(role, permissions): (&str, Vec<&str>)| {
        let text = format!(
            "These credentials lack {} on the project '{project}': ask its owner for the role {role}.",
            permissions.join(", ")
        );
        // It may be granted on the account alone, which the project does not tell.
        if permissions == [needs::ACT_AS] {
            Finding::warns(text)
        } else {
            Finding::stops(text)
        }
    };
    missing.into_iter().map(finding).collect()
}

fn account(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let Account::Named(account) = &intent.account else {
        return Vec::new();
    };
    let project = &intent.project;
    let finding = match &facts.account_usable {
        Answer::Is(true) => return Vec::new(),
        Answer::Is(false) => Finding::stops(format!(
            "The service account '{account}' is disabled: run `gcloud iam service-accounts enable \
             {account} --project {project}`, or name another one."
        )),
        Answer::Missing => Finding::stops(format!(
            "There is no service account '{account}': make it with `gcloud iam service-accounts create \
             {} --project {project}`, or leave it out for one of the deployment's own.",
            account.split('@').next().unwrap_or(account)
        )),
        Answer::Unknown(why) => Finding::warns(format!(
            "Whether there is a service account '{account}' cannot be told: ask for the role \
             roles/iam.serviceAccountUser on it (Google says: {why})."
        )),
    };
    vec![finding]
}
