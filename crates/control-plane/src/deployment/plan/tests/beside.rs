//! The console as a second container of each instance.

use super::*;

pub(super) const CONSOLE: &str = "console.image = \"docker.io/library/flaskscale:1\"\n\
                                  site.domain = \"app.example.com\"\n";

fn body<'a>(found: &'a Inventory, kind: Kind, name: &str) -> &'a Value {
    let mut all = found.all(kind);
    let (_, body) = all.find(|(id, _)| id.name == name).unwrap();
    body
}

/// Where a URL map leads a host name.
fn led<'a>(map: &'a Value, host: &str) -> &'a Value {
    let rules = map["hostRules"].as_array().into_iter().flatten();
    let mut rules = rules.filter(|rule| rule["hosts"] == json!([host]));
    match rules.next() {
        Some(_) => &map["pathMatchers"][0],
        None => map,
    }
}

#[test]
fn it_comes_with_what_it_needs_and_takes_nothing_from_the_site() {
    let found = deployed(&configured(DOMAIN));
    let with_it = configured(CONSOLE);
    let plan = usual(&with_it, &found);
    let plan_text = plan.to_string();
    for line in [
        "+ secret web-session-key",
        "+ custom role flaskscale.web",
        "+ health check web-console",
        "+ backend service web-console",
        "~ firewall rule web-probes\n    allowed[0].ports: [\"5000\"] → [\"5000\",\"5001\"]",
        "~ URL map web-site",
        "+ URL map web-plain",
    ] {
        assert!(plan_text.contains(line), "{line} is not in {plan_text}");
    }
    assert!(!plan_text.contains("the site is down"), "{plan_text}");
    let found = after(&plan, &found);
    assert!(usual(&with_it, &found).is_empty());

    let rest = usual(&configured(DOMAIN), &found);
    assert!(usual(&configured(DOMAIN), &after(&rest, &found)).is_empty());
    let gone = rest.steps.iter().filter(|step| step.act == Act::Delete);
    assert!(gone.clone().any(|step| step.id.name == "web-console"));
}

#[test]
fn its_name_leads_to_it_with_https_alone() {
    let with_it = configured(CONSOLE);
    let found = deployed(&with_it);
    let secure = body(&found, Kind::UrlMap, "web-site");
    let to = |map: &Value, host| {
        led(map, host)["defaultService"]
            .as_str()
            .map(gce::name_of)
            .map(str::to_owned)
    };
    assert_eq!(
        to(secure, "console.app.example.com").as_deref(),
        Some("web-console")
    );
    assert_eq!(to(secure, "app.example.com").as_deref(), Some("web-site"));
    let proxy = body(&found, Kind::Proxy, "web-http");
    assert!(proxy["urlMap"].as_str().unwrap().ends_with("web-plain"));
    let plain = body(&found, Kind::UrlMap, "web-plain");
    assert_eq!(to(plain, "app.example.com").as_deref(), Some("web-site"));
    let answer = led(plain, "console.app.example.com");
    assert_eq!(answer["defaultUrlRedirect"]["httpsRedirect"], true);
    assert_eq!(answer.get("defaultService"), None);
}

#[test]
fn the_site_does_not_wait_for_the_consoles_certificate() {
    let with_it = configured(CONSOLE);
    let mut found = deployed(&with_it);
    let proxy = body(&found, Kind::SecureProxy, "web-https");
    assert_eq!(proxy["sslCertificates"].as_array().unwrap().len(), 2);
    issue(&mut found, |domain| domain == "console.app.example.com");
    assert!(usual(&with_it, &found).is_empty());
    issue(&mut found, |domain| domain == "app.example.com");
    let plan = usual(&with_it, &found).to_string();
    assert!(
        plan.contains("global/urlMaps/web-plain → global/urlMaps/web-redirect"),
        "{plan}"
    );
}

#[test]
fn identity_aware_proxy_stands_before_it_too() {
    let members = "site.iap_members = [\"user:ada@example.com\"]\n";
    let found = deployed(&configured(&format!("{CONSOLE}{members}")));
    let guarded: Vec<&str> = found.all(Kind::Access).map(|(id, _)| &*id.name).collect();
    assert_eq!(guarded, ["web-console", "web-site"]);
}

#[test]
fn a_region_is_drained_of_both() {
    let two = "name = \"web\"\nregions = [\"us-central1\", \"europe-west1\"]\n";
    let found = deployed(&of_file(&format!("{two}{CONSOLE}")));
    let plan = crate::deployment::redirect(
        &Mark::of("web"),
        &found,
        "us-central1",
        crate::deployment::Flow::Drain,
    );
    let plan = plan.unwrap();
    assert_eq!(plan.steps.iter().filter(|step| step.acts()).count(), 2);
    let drained = after(&plan, &found);
    let with_it = of_file(&format!("{two}{CONSOLE}"));
    assert!(usual(&with_it, &drained).is_empty(), "it stays drained");
}
