//! Where the domains lead, and whether Google may issue a certificate for it.

use super::{Answer, Facts, Finding, Intent, Record};

/// Who issues Google's certificates, as a CAA record names it.
const ISSUER: &str = "pki.goog";

/// None of it stops a deployment: its site is reached by its address, and the domain can be led to it
/// after the new site was looked at.
pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let answers = facts.records.iter();
    answers
        .flat_map(|(domain, answer)| of_domain(intent, domain, answer))
        .collect()
}

fn of_domain(intent: &Intent, domain: &str, answer: &Answer<Vec<Record>>) -> Vec<Finding> {
    match answer {
        Answer::Is(records) => records_of(intent, domain, records),
        Answer::Missing => vec![Finding::notes(elsewhere(intent, domain))],
        Answer::Unknown(why) => vec![Finding::notes(format!(
            "Where '{domain}' leads cannot be told: after the deployment, set the record that it prints \
             (Google says: {why})."
        ))],
    }
}

/// The record to set where somebody else answers for the domain.
fn elsewhere(intent: &Intent, domain: &str) -> String {
    let record = match &intent.address {
        Some(address) => format!("set the record `{domain}. 300 IN A {address}`"),
        None => "set the record that the deployment prints".to_owned(),
    };
    format!("No zone of this project answers for '{domain}': {record} where its domain is kept.")
}

fn records_of(intent: &Intent, domain: &str, records: &[Record]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for record in records {
        let Record { kind, data } = record;
        let is_ours = intent.address.as_ref() == Some(data);
        match kind.as_str() {
            "A" if !is_ours => findings.push(Finding::warns(format!(
                "'{domain}' leads to {data}, which is not this deployment: set its record A when the new site \
                 is to take over."
            ))),
            "CNAME" => findings.push(Finding::warns(format!(
                "'{domain}' is another name of {data}: remove its record CNAME, beside which no other can \
                 be, or name another domain."
            ))),
            "AAAA" => findings.push(Finding::warns(format!(
                "'{domain}' leads by IPv6 to {data}, which is not this deployment: remove its record AAAA, \
                 or no certificate will be issued."
            ))),
            _ => {}
        }
    }
    let issuers: Vec<&Record> = records
        .iter()
        .filter(|record| record.kind == "CAA")
        .collect();
    let may_issue =
        |record: &&Record| record.data.contains("issue ") && record.data.contains(ISSUER);
    if intent.https && !issuers.is_empty() && !issuers.iter().any(may_issue) {
        findings.push(Finding::warns(format!(
            "The CAA records of '{domain}' forbid Google to issue a certificate: add `0 issue \
             \"{ISSUER}\"` to them."
        )));
    }
    findings
}
