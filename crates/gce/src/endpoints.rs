/// Where the APIs live: scheme and authority, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Serves `/compute/v1/projects/…`.
    pub compute: String,
    /// Serves `/v3/projects/…`.
    pub monitoring: String,
    /// Serves `/v2/entries:…`.
    pub logging: String,
    /// Serves `/v1/projects/P/services…`.
    pub service_usage: String,
    /// Serves `/v3/projects/P…`.
    pub resource_manager: String,
    /// Serves `/v1/projects/P/billingInfo`.
    pub billing: String,
    /// Serves `/v1/projects/P/serviceAccounts…` and `…/roles…`.
    pub iam: String,
    /// Serves `/v1/projects/P/iap_web…`.
    pub iap: String,
    /// Serves `/v1/projects/P/secrets…`.
    pub secret_manager: String,
    /// Serves `/v1/projects/P/locations/L/repositories…`.
    pub artifact_registry: String,
    /// Serves `/v2/projects/P/policies…`.
    pub org_policy: String,
    /// Serves `/dns/v1/projects/P…`.
    pub dns: String,
}

impl Endpoints {
    /// Google's own.
    pub fn google() -> Self {
        Self::each(|api| format!("https://{api}.googleapis.com"))
    }

    /// One server that speaks all of them, such as the local cloud.
    pub fn local(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        Self::each(|_| base.to_owned())
    }

    fn each(url: impl Fn(&str) -> String) -> Self {
        Self {
            compute: url("compute"),
            monitoring: url("monitoring"),
            logging: url("logging"),
            service_usage: url("serviceusage"),
            resource_manager: url("cloudresourcemanager"),
            billing: url("cloudbilling"),
            iam: url("iam"),
            iap: url("iap"),
            secret_manager: url("secretmanager"),
            artifact_registry: url("artifactregistry"),
            org_policy: url("orgpolicy"),
            dns: url("dns"),
        }
    }

    /// Whether some request will need TLS, and with it the system's root certificates.
    pub(crate) fn use_tls(&self) -> bool {
        [
            &self.compute,
            &self.monitoring,
            &self.logging,
            &self.service_usage,
            &self.resource_manager,
            &self.billing,
            &self.iam,
            &self.iap,
            &self.secret_manager,
            &self.artifact_registry,
            &self.org_policy,
            &self.dns,
        ]
        .iter()
        .any(|url| url.starts_with("https://"))
    }
}
