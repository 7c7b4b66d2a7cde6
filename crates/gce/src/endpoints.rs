/// Where the three APIs live: scheme and authority, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Serves `/compute/v1/projects/…`.
    pub compute: String,
    /// Serves `/v3/projects/…`.
    pub monitoring: String,
    /// Serves `/v2/entries:…`.
    pub logging: String,
}

impl Endpoints {
    /// Google's own.
    pub fn google() -> Self {
        Self {
            compute: "https://compute.googleapis.com".to_owned(),
            monitoring: "https://monitoring.googleapis.com".to_owned(),
            logging: "https://logging.googleapis.com".to_owned(),
        }
    }

    /// One server that speaks all three, such as the local cloud.
    pub fn local(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self {
            compute: base.clone(),
            monitoring: base.clone(),
            logging: base,
        }
    }

    /// Whether some request will need TLS, and with it the system's root certificates.
    pub(crate) fn use_tls(&self) -> bool {
        [&self.compute, &self.monitoring, &self.logging]
            .iter()
            .any(|url| url.starts_with("https://"))
    }
}
