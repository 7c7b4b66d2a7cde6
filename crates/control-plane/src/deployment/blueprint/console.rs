//! The console that is a second container of each instance: a port, a backend service and a host name of
//! its own, so that it shares no origin with the app, and is healthy or not by itself.

use serde_json::{Value, json};

use super::{Blueprint, Public};
use crate::configuration::Console;
use crate::deployment::Inventory;
use crate::deployment::part::{Kind, Part};

/// What its port is called, and its resources end with.
pub(super) const CONSOLE: &str = "console";

/// Where FlaskScale says whether it can serve.
const HEALTH_PATH: &str = "/health";

impl Blueprint {
    /// Its health check, of whose failures no instance is replaced: that is the app's to decide.
    pub(super) fn console_check(&self) -> Option<Part> {
        self.beside.as_ref()?;
        let probe = json!({
            "portSpecification": "USE_SERVING_PORT",
            "requestPath": HEALTH_PATH,
        });
        Some(self.check(self.named(CONSOLE), 5, 2, 2, probe))
    }

    pub(super) fn console_service(&self, found: &Inventory) -> Option<Part> {
        self.beside.as_ref()?;
        Some(self.service(CONSOLE, CONSOLE, CONSOLE, found))
    }

    /// What a host name of its own adds to a URL map: all of it to the console.
    pub(super) fn console_rule(&self, service: &Part) -> Value {
        self.host_rule(json!({ "defaultService": self.url_of(service) }))
    }

    /// The site over plain HTTP, where the console answers nobody: its host name leads to HTTPS.
    pub(super) fn plain_map(&self, public: &Public, site: &Part) -> Option<Part> {
        self.beside.as_ref()?;
        public.secure.as_ref()?;
        let mut body =
            self.host_rule(json!({ "defaultUrlRedirect": super::balancing::to_https() }));
        body["defaultService"] = self.url_of(site).into();
        Some(self.global(Kind::UrlMap, self.named("plain"), body))
    }

    fn host_rule(&self, answer: Value) -> Value {
        let host = self.beside.as_ref().map(|Console { domain, .. }| domain);
        let mut matcher = answer;
        matcher["name"] = CONSOLE.into();
        json!({
            "hostRules": [{ "hosts": [host], "pathMatcher": CONSOLE }],
            "pathMatchers": [matcher],
        })
    }
}
