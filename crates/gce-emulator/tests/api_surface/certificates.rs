//! Certificates, managed and given, and the TLS policies of the proxies that show them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cloud::Cloud,
    kinds::{CANONICAL, chain, refused},
};

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["app.test".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[tokio::test]
async fn a_private_key_is_taken_and_never_shown() {
    let cloud = Cloud::start().await;
    let (certificate, key) = pair();
    let own = json!({"name": "own", "type": "SELF_MANAGED",
        "selfManaged": {"certificate": certificate, "privateKey": key}});
    cloud.post("global/sslCertificates", own).await;
    let shown = cloud.get("global/sslCertificates/own").await;
    assert_eq!(shown["certificate"], certificate);
    let logged = json!({"resourceNames": ["projects/demo"], "filter": "protoPayload.methodName=\"v1.compute.sslCertificates.insert\""});
    let (_, entries) = cloud.rpc("/v2/entries:list", logged).await;
    assert_eq!(entries["entries"].as_array().unwrap().len(), 1);
    for answer in [shown, entries] {
        assert!(!answer.to_string().contains("PRIVATE KEY"), "{answer}");
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_certificate_that_no_handshake_could_be_made_with_is_refused() {
    let cloud = Cloud::start().await;
    let ((certificate, key), (_, other)) = (pair(), pair());
    let broken = certificate.replace("MII", "AAA");
    for (certificate, key, reason) in [
        ("x", key.as_str(), "sslCertificateCouldNotParseCert"),
        (&broken, &key, "sslCertificateCouldNotParseCert"),
        (&certificate, "x", "sslCertificateCouldNotParseKey"),
        (&certificate, &certificate, "sslCertificateCouldNotParseKey"),
        (&certificate, &other, "invalid"),
    ] {
        let own = json!({"name": "own", "certificate": certificate, "privateKey": key});
        let path = "global/sslCertificates";
        let (given, message) = cloud.refused(Method::POST, path, Some(own), 400).await;
        assert_eq!(given, reason, "{message}");
        assert!(message.starts_with("The SSL "), "{message}");
    }
    let path = "global/sslCertificates";
    let odd =
        json!({"name": "own", "certificate": certificate, "privateKey": key, "selfManaged": "x"});
    let (reason, message) = cloud.refused(Method::POST, path, Some(odd), 400).await;
    assert_eq!(reason, "invalid");
    assert!(message.contains("selfManaged"), "{message}");
    let missing = json!({"name": "own", "certificate": certificate});
    let (reason, message) = cloud.refused(Method::POST, path, Some(missing), 400).await;
    assert_eq!(reason, "required");
    assert!(
        message.contains("'resource.selfManaged.privateKey'"),
        "{message}"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_managed_certificate_serves_an_https_proxy_and_stays_while_it_does() {
    let cloud = Cloud::start().await;
    chain(&cloud, "global").await;
    let managed = |name: &str, domain: &str| json!({"name": name, "type": "MANAGED", "managed": {"domains": [domain]}});
    for name in ["one", "two"] {
        cloud
            .post("global/sslCertificates", managed(name, "app.example.com"))
            .await;
    }
    let message = refused(
        &cloud,
        "global/sslCertificates",
        managed("wild", "*.example.com"),
    )
    .await;
    assert!(message.contains("without wildcards"), "{message}");

    let proxy = json!({"name": "tls", "urlMap": "u", "sslCertificates": ["one"]});
    cloud.post("global/targetHttpsProxies", proxy).await;
    let path = "global/sslCertificates/one";
    let (reason, message) = cloud.refused(Method::DELETE, path, None, 400).await;
    assert_eq!(reason, "resourceInUseByAnotherResource");
    assert!(
        message.starts_with("The ssl_certificate resource"),
        "{message}"
    );
    // The path of this verb has no `global` in it.
    let two = json!({"sslCertificates": [format!("{CANONICAL}/global/sslCertificates/two")]});
    cloud
        .post("targetHttpsProxies/tls/setSslCertificates", two.clone())
        .await;
    let shown = cloud.get("global/targetHttpsProxies/tls").await;
    assert_eq!(shown["sslCertificates"], two["sslCertificates"]);
    cloud.delete(path).await;
    let rule =
        json!({"name": "tls", "target": "global/targetHttpsProxies/tls", "portRange": "443"});
    cloud.post("global/forwardingRules", rule).await;
    assert_eq!(
        cloud.get("global/forwardingRules/tls").await["portRange"],
        "443-443"
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_managed_certificate_is_issued_once_a_rule_shows_it() {
    let cloud = Cloud::with(|config| config.conditions.manual = true).await;
    chain(&cloud, "global").await;
    let certificate = json!({"name": "c", "type": "MANAGED", "managed": {"domains": ["app.test"]}});
    cloud.post("global/sslCertificates", certificate).await;
    let states = async || {
        let managed = cloud.get("global/sslCertificates/c").await["managed"].take();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&managed["status"]),
            text(&managed["domainStatus"]["app.test"]),
        )
    };
    let both = |status: &str, domain: &str| (status.to_owned(), domain.to_owned());
    assert_eq!(states().await, both("PROVISIONING", "PROVISIONING"));
    cloud.advance(60).await;
    assert_eq!(states().await, both("PROVISIONING", "FAILED_NOT_VISIBLE"));
    let proxy = json!({"name": "tls", "urlMap": "u", "sslCertificates": ["c"]});
    cloud.post("global/targetHttpsProxies", proxy).await;
    assert_eq!(states().await, both("PROVISIONING", "FAILED_NOT_VISIBLE"));
    let rule = json!({"name": "r", "target": "global/targetHttpsProxies/tls", "portRange": "443"});
    cloud.post("global/forwardingRules", rule).await;
    assert_eq!(states().await, both("ACTIVE", "ACTIVE"));
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_tls_policy_is_held_by_the_proxy_that_names_it() {
    let cloud = Cloud::start().await;
    chain(&cloud, "global").await;
    let policy = json!({"name": "modern", "profile": "MODERN", "minTlsVersion": "TLS_1_2"});
    cloud.post("global/sslPolicies", policy).await;
    let shown = cloud.get("global/sslPolicies/modern").await;
    let enabled = shown["enabledFeatures"].as_array().unwrap();
    assert!(enabled.contains(&json!("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")));
    assert!(!enabled.contains(&json!("TLS_RSA_WITH_AES_128_CBC_SHA")));
    let list = cloud.get("global/sslPolicies").await;
    assert_eq!(list["kind"], "compute#sslPoliciesList");

    let certificate = json!({"name": "c", "type": "MANAGED", "managed": {"domains": ["app.test"]}});
    cloud.post("global/sslCertificates", certificate).await;
    let proxy = json!({"name": "tls", "urlMap": "u", "sslCertificates": ["c"],
        "sslPolicy": "projects/demo/global/sslPolicies/modern"});
    cloud.post("global/targetHttpsProxies", proxy).await;
    let url = format!("{CANONICAL}/global/sslPolicies/modern");
    let proxy = cloud.get("global/targetHttpsProxies/tls").await;
    assert_eq!(proxy["sslPolicy"], json!(url));
    let path = "global/sslPolicies/modern";
    let (_, message) = cloud.refused(Method::DELETE, path, None, 400).await;
    assert!(message.starts_with("The ssl_policy resource"), "{message}");

    let set = "targetHttpsProxies/tls/setSslPolicy";
    cloud.post(set, json!({})).await;
    let proxy = cloud.get("global/targetHttpsProxies/tls").await;
    assert_eq!(proxy.get("sslPolicy"), None);
    cloud.post(set, json!({"sslPolicy": url})).await;
    cloud.post(set, json!({"sslPolicy": ""})).await;

    let stale = json!({"profile": "RESTRICTED", "fingerprint": "AAAAAAAAAAA="});
    cloud.refused(Method::PATCH, path, Some(stale), 412).await;
    let change = json!({"profile": "RESTRICTED", "fingerprint": shown["fingerprint"]});
    cloud.patch(path, change).await;
    let message = refused(
        &cloud,
        "global/sslPolicies",
        json!({"name": "own", "profile": "CUSTOM", "customFeatures": ["ROT13"]}),
    )
    .await;
    assert!(message.contains("'ROT13'"), "{message}");
    cloud.delete(path).await;
    cloud.emulator.shutdown().await;
}
