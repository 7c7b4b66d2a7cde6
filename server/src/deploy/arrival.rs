//! What a deployment with domains waits for last, and others have to bring about: that each name leads to
//! it, and that Google issues the certificates.

use std::{net::IpAddr, time::Duration};

use control_plane::deployment::{CertificateState, Inventory};
use gce::Scope;
use tokio::time::{Instant, sleep};

use super::{Target, teller::Teller};
use crate::cloud;

/// How far the domains are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// They are here.
    Here,
    /// Something is still missing, as it says.
    Missing(String),
    /// They will not come before their owner has done what it says.
    Refused(String),
}

/// Where a name leads, as this machine sees it.
struct Name {
    domain: String,
    to: Vec<IpAddr>,
}

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Minutes go by without any change.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// Waits for the domains of a deployment that has everything else, so long at most, and tells how far they
/// are.
pub(crate) async fn arrival(target: &Target, found: &Inventory, patience: Duration) -> Arrival {
    let certificates = found.certificates(&target.mark());
    let names: Vec<String> = certificates.into_iter().map(|one| one.name).collect();
    let address = found.address(&format!("{}-ip", target.name()));
    let address = address.and_then(|address| address.parse().ok());
    let started = Instant::now();
    let mut teller = Teller::new(SAY_EVERY);
    loop {
        let seen = look(target, &names, address).await;
        let Arrival::Missing(what) = &seen else {
            return seen;
        };
        if started.elapsed() >= patience {
            return seen;
        }
        if !teller.has_told() {
            let seconds = patience.as_secs();
            println!(
                "waiting for the domain, up to {seconds} s: all else is done, and the next deploy goes on from here"
            );
        }
        teller.tell(what);
        sleep(LOOK_EVERY).await;
    }
}

async fn look(target: &Target, names: &[String], address: Option<IpAddr>) -> Arrival {
    let mut certificates = Vec::new();
    for name in names {
        let read = target
            .client
            .get_value(&Scope::Global, "sslCertificates", name);
        match read.await {
            Ok(body) => certificates.push(CertificateState::read(name, &body)),
            Err(error) => return Arrival::Missing(crate::failure::chain(&error)),
        }
    }
    let mut leads = Vec::new();
    for domain in target.configuration.domains() {
        // No name leads to a cloud of this machine, whose certificates look at its own zones alone.
        if !cloud::is_local() {
            leads.push(resolved(domain).await);
        }
    }
    judged(address, &leads, &certificates)
}

async fn resolved(domain: &str) -> Name {
    // A name that is not there and a resolver that does not answer are both waited for.
    let to = tokio::net::lookup_host((domain, 443)).await;
    Name {
        domain: domain.to_owned(),
        to: to.into_iter().flatten().map(|to| to.ip()).collect(),
    }
}

/// A certificate is issued only to whom its name leads to, so that with one the resolver of this machine
/// is not waited for, which may remember for an hour that there was no such name.
fn judged(address: Option<IpAddr>, names: &[Name], certificates: &[CertificateState]) -> Arrival {
    let mut pending = certificates
        .iter()
        .filter(|one| !one.is_active())
        .peekable();
    if pending.peek().is_none() && !certificates.is_empty() {
        return Arrival::Here;
    }
    if let Some(advice) = pending
        .clone()
        .find_map(|one| one.advice().into_iter().next())
    {
        return Arrival::Refused(advice);
    }
    let astray = |name: &&Name| !address.is_some_and(|address| name.to.contains(&address));
    match (names.iter().find(astray), pending.next()) {
        (Some(name), _) => Arrival::Missing(name.to_string()),
        (None, Some(certificate)) => Arrival::Missing(certificate.to_string()),
        (None, None) => Arrival::Here,
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { domain, to } = self;
        let to: Vec<String> = to.iter().map(IpAddr::to_string).collect();
        if to.is_empty() {
            write!(f, "{domain} leads nowhere yet")
        } else {
            write!(f, "{domain} still leads to {}", to.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn judge(to: &[&str], certificates: &[(&str, &str)]) -> Arrival {
        let names = [Name {
            domain: "app.example.com".to_owned(),
            to: to.iter().map(|ip| ip.parse().unwrap()).collect(),
        }];
        let certificate = |(status, of_domain): &(&str, &str)| {
            let managed = json!({
                "status": status,
                "domains": ["app.example.com"],
                "domainStatus": {"app.example.com": of_domain},
            });
            CertificateState::read("web-1", &json!({ "managed": managed }))
        };
        let certificates: Vec<CertificateState> = certificates.iter().map(certificate).collect();
        judged("203.0.113.7".parse().ok(), &names, &certificates)
    }

    fn missing(what: &str) -> Arrival {
        Arrival::Missing(what.to_owned())
    }

    #[test]
    fn a_domain_is_here_when_its_name_leads_here() {
        assert_eq!(
            judge(&[], &[]),
            missing("app.example.com leads nowhere yet")
        );
        assert_eq!(
            judge(&["192.0.2.1", "2001:db8::1"], &[]),
            missing("app.example.com still leads to 192.0.2.1, 2001:db8::1")
        );
        assert_eq!(judge(&["203.0.113.7"], &[]), Arrival::Here);
    }

    #[test]
    fn with_https_it_is_here_when_it_has_its_certificate() {
        let waiting = ("PROVISIONING", "FAILED_NOT_VISIBLE");
        assert_eq!(
            judge(&[], &[waiting]),
            missing("app.example.com leads nowhere yet")
        );
        assert_eq!(
            judge(&["203.0.113.7"], &[waiting]),
            missing("certificate web-1 PROVISIONING: app.example.com FAILED_NOT_VISIBLE")
        );
        let issued = ("ACTIVE", "ACTIVE");
        assert_eq!(
            judge(&[], &[issued]),
            Arrival::Here,
            "its resolver is behind"
        );
        assert_ne!(judge(&[], &[issued, waiting]), Arrival::Here);
    }

    #[test]
    fn what_google_refuses_is_not_waited_for() {
        let refused = judge(
            &["203.0.113.7"],
            &[("PROVISIONING_FAILED", "FAILED_CAA_FORBIDDEN")],
        );
        let Arrival::Refused(advice) = refused else {
            panic!("{refused:?}");
        };
        assert!(advice.contains("pki.goog"), "{advice}");
    }
}
