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
    /// From Google's resource, of which `managed` is read.
    pub fn read(name: &str, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or("PROVISIONING").to_owned();
        let managed = &body["managed"];
        let domains = managed["domains"].as_array().into_iter().flatten();
        let domains = domains.filter_map(Value::as_str);
        Self {
            name: name.to_owned(),
            status: text(&managed["status"]),
            domains: domains
                .map(|domain| (domain.to_owned(), text(&managed["domainStatus"][domain])))
                .collect(),
        }
    }

    /// Whether it is issued.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }

    /// What its owner has to do beyond the DNS record, which Google looks for again and again by itself:
    /// a sentence for each thing. States as in Compute v1, `SslCertificate.managed`.
    pub fn advice(&self) -> Vec<String> {
        let of_domains = self.domains.iter();
        let mut advice: Vec<String> = of_domains
            .filter_map(|(domain, status)| domain_advice(domain, status))
            .collect();
        if ["PROVISIONING_FAILED_PERMANENTLY", "RENEWAL_FAILED"].contains(&self.status.as_str()) {
            advice.push(format!(
                "Google has given the certificate {} up ({}) and will not try it again: once its cause is \
                 gone, deploy with site.https = false, and then with true, which asks for a new one",
                self.name, self.status
            ));
        }
        advice
    }
}

fn domain_advice(domain: &str, status: &str) -> Option<String> {
    match status {
        "FAILED_CAA_FORBIDDEN" => Some(format!(
            "the CAA records of {domain} or of a domain above it allow other authorities only: add \
             {domain}. 300 IN CAA 0 issue \"pki.goog\""
        )),
        "FAILED_CAA_CHECKING" => Some(format!(
            "the name servers of {domain} do not answer a question for CAA records: they must, if only \
             that there are none (dig {domain} CAA shows it)"
        )),
        "FAILED_RATE_LIMITED" => Some(format!(
            "too many certificates were asked for {domain} and its neighbours of late: ask for no more of \
             them, and wait; Google tries this one again"
        )),
        _ => None,
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
        let ours = self
            .marked(mark)
            .filter(|(id, _)| id.kind == Kind::Certificate);
        ours.map(|(id, body)| CertificateState::read(&id.name, body))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(status: &str, domain_status: &str) -> Vec<String> {
        let certificate = CertificateState {
            name: "web-cert-1".to_owned(),
            status: status.to_owned(),
            domains: vec![("app.example.com".to_owned(), domain_status.to_owned())],
        };
        certificate.advice()
    }

    #[test]
    fn what_google_waits_for_by_itself_needs_no_advice() {
        for status in ["PROVISIONING", "FAILED_NOT_VISIBLE"] {
            assert_eq!(advice("PROVISIONING", status), [""; 0]);
        }
        assert_eq!(advice("ACTIVE", "ACTIVE"), [""; 0]);
    }

    #[test]
    fn a_refusal_is_told_with_its_cure() {
        for (status, cure) in [
            (
                "FAILED_CAA_FORBIDDEN",
                "add app.example.com. 300 IN CAA 0 issue \"pki.goog\"",
            ),
            ("FAILED_CAA_CHECKING", "dig app.example.com CAA"),
            ("FAILED_RATE_LIMITED", "wait; Google tries this one again"),
        ] {
            let advice = advice("PROVISIONING_FAILED", status);
            assert_eq!(advice.len(), 1, "{advice:?}");
            assert!(advice[0].contains(cure), "{advice:?}");
        }
    }

    #[test]
    fn a_certificate_that_google_has_given_up_is_asked_for_anew() {
        let advice = advice("PROVISIONING_FAILED_PERMANENTLY", "FAILED_CAA_FORBIDDEN");
        assert!(
            advice[0].contains("pki.goog"),
            "the cause first: {advice:?}"
        );
        assert!(advice[1].contains("site.https = false"), "{advice:?}");
    }
}
