use std::fmt;

use serde_json::Value;

use super::{Inventory, Kind, Mark};

/// How far Google is with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateState {
    /// Its name.
    pub name: String,
    /// `PROVISIONING`, `ACTIVE`, …
    pub status: String,
    /// Each domain with its own state, `FAILED_NOT_VISIBLE` among them until DNS leads here.
    pub domains: Vec<(String, String)>,
}

impl CertificateState {
    /// Whether it is issued.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }
}

impl fmt::Display for CertificateState {
    /// `certificate web-cert-1 PROVISIONING: app.example.com FAILED_NOT_VISIBLE`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {} {}", self.name, self.status)?;
        let mut before = ": ";
        for (domain, status) in &self.domains {
            write!(f, "{before}{domain} {status}")?;
            before = ", ";
        }
        Ok(())
    }
}

impl Inventory {
    /// The certificates with this mark.
    pub fn certificates(&self, mark: &Mark) -> Vec<CertificateState> {
        let text = |value: &Value| value.as_str().unwrap_or("PROVISIONING").to_owned();
        let ours = self
            .marked(mark)
            .filter(|(id, _)| id.kind == Kind::Certificate);
        ours.map(|(id, body)| {
            let managed = &body["managed"];
            let domains = managed["domains"].as_array().into_iter().flatten();
            let domains = domains.filter_map(Value::as_str);
            CertificateState {
                name: id.name.clone(),
                status: text(&managed["status"]),
                domains: domains
                    .map(|domain| (domain.to_owned(), text(&managed["domainStatus"][domain])))
                    .collect(),
            }
        })
        .collect()
    }
}
