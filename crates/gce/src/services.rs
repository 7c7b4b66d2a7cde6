//! Service Usage v1: which APIs the project has enabled.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::compute::wire::wire_struct;
use crate::long_running::LongRunning;
use crate::open_enum::open_enum;
use crate::{Client, Endpoints, Error};

/// Google's limits for one call.
const GET_AT_ONCE: usize = 30;
const ENABLE_AT_ONCE: usize = 20;

/// Google lets one activation run at a time, and refuses others meanwhile.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(3);

wire_struct! {
    /// An API, as the project has it.
    pub struct Service {
        /// `projects/NUMBER/services/dns.googleapis.com`.
        pub name: String,
        /// Whether it is enabled.
        pub state: Option<ServiceState>,
    }
}

open_enum! {
    /// Whether an API is enabled.
    pub enum ServiceState {
        /// It is.
        Enabled = "ENABLED",
        /// It is not.
        Disabled = "DISABLED",
    }
}

impl Service {
    /// `dns.googleapis.com`.
    pub fn host(&self) -> &str {
        crate::name_of(&self.name)
    }

    /// Whether it can be called.
    pub fn is_enabled(&self) -> bool {
        self.state == Some(ServiceState::Enabled)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Services {
    services: Vec<Service>,
}

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.service_usage
}

impl Client {
    /// The state of some APIs, named by their hosts.
    pub async fn services(&self, hosts: &[&str]) -> Result<Vec<Service>, Error> {
        let mut all = Vec::new();
        for hosts in hosts.chunks(GET_AT_ONCE) {
            let path = ["v1", "projects", self.project(), "services:batchGet"];
            let mut request = self.beside(Method::GET, api, &path)?;
            for host in hosts {
                let name = format!("projects/{}/services/{host}", self.project());
                request = request.query("names", &name);
            }
            all.extend(self.send::<Services>(&request).await?.services);
        }
        Ok(all)
    }

    /// Enables APIs and waits for it. What is enabled already stays so. Calls of them may be refused
    /// for a while all the same: [`Client::awaiting_services`].
    pub async fn enable_services(&self, hosts: &[&str]) -> Result<(), Error> {
        for hosts in hosts.chunks(ENABLE_AT_ONCE) {
            self.enable(hosts).await?;
        }
        Ok(())
    }

    async fn enable(&self, hosts: &[&str]) -> Result<(), Error> {
        let path = ["v1", "projects", self.project(), "services:batchEnable"];
        let request = self.beside(Method::POST, api, &path)?;
        // An API that is enabled twice is enabled.
        let request = request.body(json!({ "serviceIds": hosts })).repeatable();
        let mut tries = 1;
        loop {
            let started = async {
                let operation: LongRunning = self.send(&request).await?;
                self.wait_long::<Value>(api, operation).await
            };
            match started.await {
                Err(error) if is_busy(&error) && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other.map(drop),
            }
        }
    }
}

/// Refusals that Google gives while it is at work on another activation, or stumbles over its own.
fn is_busy(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("Another activation or deactivation is in progress") || text.contains("160009")
}
