//! Cloud DNS v1: zones, and the records in them.

use std::time::{Duration, Instant};

use futures::{Stream, TryStreamExt};
use reqwest::Method;
use serde_json::json;

use crate::compute::wire::wire_struct;
use crate::page::{items, page_of};
use crate::{Client, Endpoints, Error};

const CHANGE_PAUSE: Duration = Duration::from_secs(1);
const GIVE_UP_AFTER: Duration = Duration::from_mins(5);

wire_struct! {
    /// A zone.
    pub struct ManagedZone {
        /// Its own name in the project.
        pub name: String,
        /// The domain that it answers for, with a dot at its end.
        pub dns_name: String,
        /// `public` or `private`.
        pub visibility: Option<String>,
        /// Who answers for it; the domain above must name them.
        pub name_servers: Vec<String>,
    }
}

wire_struct! {
    /// All records of one name and type.
    pub struct RecordSet {
        /// With a dot at its end.
        pub name: String,
        /// `A`, `AAAA`, `CNAME`, `TXT`, …
        #[serde(rename = "type")]
        pub kind: String,
        /// Seconds for which others may remember it.
        pub ttl: Option<i32>,
        /// What the records say.
        pub rrdatas: Vec<String>,
    }
}

wire_struct! {
    /// Several sets changed at once.
    pub struct Change {
        /// Its number in the zone.
        pub id: String,
        /// `pending`, then `done`: sent to the name servers, and not yet seen everywhere.
        pub status: Option<String>,
    }
}

page_of!(Zones {
    managed_zones: ManagedZone
});
page_of!(Sets { rrsets: RecordSet });

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.dns
}

impl Client {
    /// All zones of the project.
    pub fn managed_zones(&self) -> impl Stream<Item = Result<ManagedZone, Error>> + Send + use<> {
        let path = ["dns", "v1", "projects", self.project(), "managedZones"];
        items::<Zones>(self.clone(), self.beside(Method::GET, api, &path))
    }

    /// The public zone that answers for a host: the one with the longest domain. Of several with the
    /// same domain it is any; which of them the domain above names, this API does not know.
    pub async fn zone_of(&self, host: &str) -> Result<Option<ManagedZone>, Error> {
        let zones: Vec<ManagedZone> = self.managed_zones().try_collect().await?;
        let answers = |zone: &ManagedZone| {
            zone.visibility.as_deref() != Some("private") && is_below(host, &zone.dns_name)
        };
        let zones = zones.into_iter().filter(answers);
        Ok(zones.max_by_key(|zone| zone.dns_name.len()))
    }

    /// The records of a name in a zone, of all types.
    pub async fn record_sets(&self, zone: &str, name: &str) -> Result<Vec<RecordSet>, Error> {
        let path = [
            "dns",
            "v1",
            "projects",
            self.project(),
            "managedZones",
            zone,
            "rrsets",
        ];
        let request = self.beside(Method::GET, api, &path);
        let name = absolute(name);
        let request = request.map(|request| request.query("name", &name));
        items::<Sets>(self.clone(), request).try_collect().await
    }

    /// Takes sets out of a zone and puts others in, all or none, and waits until the name servers have
    /// it. What is taken out must be named exactly as it is: 412 where it differs, and 409 where
    /// something is there already.
    pub async fn change_records(
        &self,
        zone: &str,
        deletions: &[RecordSet],
        additions: &[RecordSet],
    ) -> Result<Change, Error> {
        let path = [
            "dns",
            "v1",
            "projects",
            self.project(),
            "managedZones",
            zone,
            "changes",
        ];
        let request = self.beside(Method::POST, api, &path)?;
        let body = json!({"deletions": deletions, "additions": additions});
        let mut change: Change = self.send(&request.body(body)).await?;
        let started = Instant::now();
        while change.status.as_deref() == Some("pending") {
            if started.elapsed() > GIVE_UP_AFTER {
                return Err(Error::OperationTimeout {
                    name: change.id,
                    waited: started.elapsed(),
                });
            }
            tokio::time::sleep(CHANGE_PAUSE).await;
            let path: Vec<&str> = path.iter().copied().chain([change.id.as_str()]).collect();
            change = self.send(&self.beside(Method::GET, api, &path)?).await?;
        }
        Ok(change)
    }
}

/// A name with a dot at its end.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// Whether a host is a domain or lies below it.
fn is_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (absolute(host), absolute(domain));
    host == domain || host.ends_with(&format!(".{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_what_ends_with_all_of_its_labels() {
        for (host, domain, expected) in [
            ("app.example.com", "example.com.", true),
            ("example.com", "example.com.", true),
            ("app.example.com.", "com.", true),
            ("anexample.com", "example.com.", false),
            ("example.com", "app.example.com.", false),
        ] {
            assert_eq!(is_below(host, domain), expected, "{host} {domain}");
        }
    }
}
