use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::Operation;
use super::wire::wire_struct;
use crate::{Client, Error, Resource};

wire_struct! {
    /// A certificate: one that Google obtains, or one that was given.
    pub struct SslCertificate {
        /// Its name.
        pub name: String,
        /// `MANAGED` or `SELF_MANAGED`.
        #[serde(rename = "type")]
        pub kind: Option<String>,
        /// Of one that Google obtains.
        pub managed: Option<ManagedCertificate>,
        /// RFC 3339.
        pub expire_time: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// How far Google has got with a certificate.
    pub struct ManagedCertificate {
        /// The names it is for.
        pub domains: Vec<String>,
        /// `PROVISIONING`, `ACTIVE`, …
        pub status: Option<String>,
        /// The same for each domain: `FAILED_NOT_VISIBLE` where DNS leads elsewhere.
        pub domain_status: BTreeMap<String, String>,
    }
}

wire_struct! {
    /// Which versions of TLS and which ciphers a proxy offers.
    pub struct SslPolicy {
        /// Its name.
        pub name: String,
        /// `COMPATIBLE`, `MODERN`, `RESTRICTED`, `CUSTOM`.
        pub profile: Option<String>,
        /// `TLS_1_2` and the like.
        pub min_tls_version: Option<String>,
        /// Base64; changes with each change.
        pub fingerprint: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// What ends HTTPS connections for a URL map.
    pub struct TargetHttpsProxy {
        /// Its name.
        pub name: String,
        /// The URL of the URL map.
        pub url_map: Option<String>,
        /// The URLs of its certificates, at most 15.
        pub ssl_certificates: Vec<String>,
        /// The URL of its policy; without one it offers what is compatible with everything.
        pub ssl_policy: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

impl Resource for SslCertificate {
    const COLLECTION: &'static str = "sslCertificates";
}

impl Resource for SslPolicy {
    const COLLECTION: &'static str = "sslPolicies";
}

impl Resource for TargetHttpsProxy {
    const COLLECTION: &'static str = "targetHttpsProxies";
}

impl Client {
    /// Changes which certificates a global HTTPS proxy shows; all of them are named anew.
    pub async fn set_ssl_certificates(
        &self,
        proxy: &str,
        urls: &[String],
    ) -> Result<Operation, Error> {
        let body = json!({ "sslCertificates": urls });
        self.set_on_proxy(proxy, "setSslCertificates", body).await
    }

    /// Changes the policy of a global HTTPS proxy; `None` takes it away.
    pub async fn set_ssl_policy(&self, proxy: &str, url: Option<&str>) -> Result<Operation, Error> {
        let body = url.map_or_else(|| json!({}), |url| json!({ "sslPolicy": url }));
        self.set_on_proxy(proxy, "setSslPolicy", body).await
    }

    /// Google's path of the one verb has `global` in it, that of the other has not.
    async fn set_on_proxy(&self, proxy: &str, verb: &str, body: Value) -> Result<Operation, Error> {
        let path = match verb {
            "setSslCertificates" => vec![TargetHttpsProxy::COLLECTION, proxy, verb],
            _ => vec!["global", TargetHttpsProxy::COLLECTION, proxy, verb],
        };
        let request = self.compute_below_project(Method::POST, &path)?;
        self.send(&request.body(body).with_request_id()).await
    }
}
