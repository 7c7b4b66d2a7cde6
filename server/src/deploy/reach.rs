//! Where a deployment is reached, and whether it answers there.

use std::time::{Duration, Instant};

use control_plane::{
    configuration::Configuration,
    deployment::{CertificateState, Inventory},
};
use gce::Scope;
use serde_json::Value;
use tokio::time::sleep;

use super::Target;
use crate::{failure::Failure, plain_http};

/// The local cloud writes here on which loopback port a rule listens.
const PORT_LABEL: &str = "flaskscale-port";
/// Google's front ends learn of a new rule within ten minutes, and of a certificate's within more.
const PATIENCE: Duration = Duration::from_mins(15);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// One that does not answer in this time has to be asked again.
const ANSWER: Duration = Duration::from_secs(10);

/// An answer through the load balancer.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

/// Where the plain HTTP rule is reached, as a person types it; `None` before there is one.
pub(crate) fn address(deployment: &str, found: &Inventory) -> Option<String> {
    let authority = authority(found.forwarding_rule(&format!("{deployment}-80"))?)?;
    Some(
        authority
            .strip_suffix(":80")
            .unwrap_or(&authority)
            .to_owned(),
    )
}

/// Where a browser finds the site: under its domain once Google has issued the certificate, which it does
/// only when the name leads to the address; in the local cloud, where no name leads, always at the
/// address. `None` before there is one.
pub(crate) fn site_url(target: &Target, found: &Inventory) -> Option<String> {
    let certificates = found.certificates(&target.mark());
    let domain = target.configuration.site.domain.as_ref();
    let is_issued = |domain: &str| {
        let names = |one: &CertificateState| one.domains.iter().any(|(name, _)| name == domain);
        certificates.iter().any(|one| one.is_active() && names(one))
    };
    let rule = found.forwarding_rule(&format!("{}-80", target.name()))?;
    match domain.filter(|domain| is_issued(domain) && !is_local(rule)) {
        Some(domain) => Some(format!("https://{domain}/")),
        None => address(target.name(), found).map(|address| format!("http://{address}/")),
    }
}

/// The DNS records that would lead each domain to this deployment, as a zone file has them, of those
/// domains that no zone of the project leads here; none before there is an address.
pub(crate) fn records_to_set(target: &Target, found: &Inventory) -> Vec<String> {
    records(target, found, |leads, ip| {
        leads.is_none_or(|(to, _)| to != ip)
    })
}

/// The same, of those domains that this deployment has not led here itself: what it cannot take back when
/// it goes.
pub(crate) fn records_of_others(target: &Target, found: &Inventory) -> Vec<String> {
    records(target, found, |leads, _| {
        !leads.is_some_and(|(_, by_us)| by_us)
    })
}

/// What leads a domain, as far as a zone of the project says it: where to, and whether that is ours.
type Leads<'a> = Option<(&'a str, bool)>;

fn records(
    target: &Target,
    found: &Inventory,
    is_meant: impl Fn(Leads<'_>, &str) -> bool,
) -> Vec<String> {
    let Some(ip) = found.address(&format!("{}-ip", target.name())) else {
        return Vec::new();
    };
    let mark = target.mark();
    let domains = target.configuration.domains();
    let meant = domains.filter(|domain| is_meant(found.leads(domain, &mark), ip));
    meant
        .map(|domain| format!("{domain}. 300 IN A {ip}"))
        .collect()
}

fn is_local(rule: &Value) -> bool {
    rule["labels"][PORT_LABEL].is_string()
}

/// Host and port.
fn authority(rule: &Value) -> Option<String> {
    match rule["labels"][PORT_LABEL].as_str() {
        Some(port) => Some(format!("127.0.0.1:{port}")),
        None => rule["IPAddress"].as_str().map(|ip| format!("{ip}:80")),
    }
}

/// Asks for the health path until it is answered as it should be: with 200, or with the redirect to
/// HTTPS that this deployment has.
pub(crate) async fn first_request(target: &Target) -> Result<Reached, Failure> {
    let Configuration { app, site, .. } = &target.configuration;
    let rule = format!("{}-80", target.name());
    let started = Instant::now();
    let mut last = String::from("nobody answers");
    while started.elapsed() < PATIENCE {
        let found: Result<Value, _> = target
            .client
            .get_value(&Scope::Global, "forwardingRules", &rule)
            .await;
        let found = found
            .map_err(|error| Failure::broken_because("cannot read the forwarding rule", &error))?;
        let authority = authority(&found).unwrap_or_default();
        let url = format!("http://{authority}{}", app.health_path);
        match plain_http::get(&authority, &app.health_path, &[], ANSWER).await {
            Ok(answer) if answer.status == 200 || (site.redirect && answer.status == 301) => {
                return Ok(Reached {
                    url,
                    status: answer.status.as_u16(),
                    took: started.elapsed(),
                });
            }
            Ok(answer) => last = format!("{url} answers {}", answer.status),
            Err(error) => last = format!("{url}: {}", crate::failure::chain(&error)),
        }
        sleep(LOOK_EVERY).await;
    }
    let seconds = PATIENCE.as_secs();
    Err(Failure::broken(format!(
        "everything is deployed, but there is no good answer after {seconds} s: {last}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_of_googles_is_asked_at_port_80_of_its_address() {
        let rule = json!({"IPAddress": "203.0.113.7", "portRange": "80-80"});
        assert_eq!(authority(&rule).as_deref(), Some("203.0.113.7:80"));
        let local = json!({"IPAddress": "203.0.113.7", "labels": {"flaskscale-port": "4080"}});
        assert_eq!(authority(&local).as_deref(), Some("127.0.0.1:4080"));
        assert_eq!(authority(&json!({})), None);
    }
}
