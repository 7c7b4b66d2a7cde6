#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;
use crate::configuration::Configuration;
use crate::deployment::{Release, Terms, plan};
use crate::json::merged;

const FILE: &str = r#"
name = "web"
regions = ["us-central1", "europe-west1"]
[app]
environment = { MOTTO = "it's ${5}, \"%{x}\"" }
[machine]
labels = { team = "web" }
[site]
domain = "app.example.com"
[console]
image = "docker.io/library/flaskscale:1"
"#;

fn blueprint() -> Blueprint {
    let configuration = Configuration::read(FILE).unwrap();
    let release = Release {
        image: "docker.io/library/app:1".to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    Blueprint::of(&configuration, "demo", &release)
}

/// What there is once it was deployed, and once the certificate was issued.
fn deployed(blueprint: &Blueprint) -> Inventory {
    let nothing = Inventory::default();
    let mut found = nothing.after(&plan(blueprint, &nothing, Terms::default()));
    let certificates = found.all(Kind::Certificate);
    let issued: Vec<_> = certificates
        .map(|(id, body)| {
            let issued = json!({ "managed": { "status": "ACTIVE" } });
            (id.clone(), merged(body, &issued))
        })
        .collect();
    for (id, body) in issued {
        found.set(id, body);
    }
    found.after(&plan(blueprint, &found, Terms::default()))
}

#[test]
fn terraform_takes_over_what_is_there() {
    let blueprint = blueprint();
    let found = deployed(&blueprint);
    let configuration = export(Dialect::Terraform, &blueprint, &found);
    let imports = configuration.matches("import {\n").count();
    assert_eq!(imports, blueprint.parts(&found).len());
    let redirect = "import {\n  to = google_compute_url_map.web-redirect\n  \
                    id = \"projects/demo/global/urlMaps/web-redirect\"\n}\n";
    assert!(configuration.contains(redirect), "{configuration}");
}

#[test]
fn both_lead_the_consoles_name_to_the_console() {
    let blueprint = blueprint();
    let found = Inventory::default();
    let terraform = export(Dialect::Terraform, &blueprint, &found);
    for lines in [
        "  host_rule {\n    hosts        = [\"console.app.example.com\"]\n    path_matcher = \"console\"\n  }\n",
        "  path_matcher {\n    name            = \"console\"\n    default_service = google_compute_backend_service.web-console.id\n  }\n",
        "  named_port {\n    name = \"console\"\n    port = 5001\n  }\n",
    ] {
        assert!(terraform.contains(lines), "{lines} is not in {terraform}");
    }
    let gcloud = export(Dialect::Gcloud, &blueprint, &found);
    for lines in [
        "gcloud compute backend-services create web-console",
        "--named-ports=http:5000,console:5001",
        "gcloud compute url-maps import web-site",
    ] {
        assert!(gcloud.contains(lines), "{lines} is not in {gcloud}");
    }
}

#[test]
fn terraform_imports_nothing_that_is_not_there() {
    let new = export(Dialect::Terraform, &blueprint(), &Inventory::default());
    assert!(!new.contains("import {"), "{new}");
}

#[test]
fn the_policy_that_its_owner_has_set_is_the_one_that_goes_along() {
    let blueprint = blueprint();
    let mut found = deployed(&blueprint);
    let (id, body) = found.all(Kind::Autoscaler).next().unwrap();
    let (id, changed) = (
        id.clone(),
        merged(
            body,
            &json!({"autoscalingPolicy": {
                "maxNumReplicas": 17,
                "scalingSchedules": {"night": {"minRequiredReplicas": 1, "schedule": "0 22 * * *", "durationSec": 3600}},
                "scaleInControl": {"maxScaledInReplicas": {"fixed": 2}, "timeWindowSec": 600},
                "customMetricUtilizations": [{"metric": "custom.googleapis.com/q", "utilizationTarget": 5, "utilizationTargetType": "GAUGE"}],
            }}),
        ),
    );
    found.set(id, changed);
    let script = export(Dialect::Gcloud, &blueprint, &found);
    assert!(script.contains("\"maxNumReplicas\": 17"), "{script}");
    assert!(script.contains("\"night\": {"), "{script}");
    let configuration = export(Dialect::Terraform, &blueprint, &found);
    for line in [
        "max_replicas         = 17\n",
        "    scaling_schedules {\n      name                  = \"night\"\n",
        "      max_scaled_in_replicas {\n        fixed = 2\n",
        "    metric {\n      name   = \"custom.googleapis.com/q\"\n      target = 5\n",
    ] {
        assert!(configuration.contains(line), "{line}: {configuration}");
    }
}

#[test]
fn what_means_something_to_a_tool_is_escaped() {
    let blueprint = blueprint();
    let told = |dialect| export(dialect, &blueprint, &Inventory::default());
    let (script, configuration) = (told(Dialect::Gcloud), told(Dialect::Terraform));
    assert!(
        !script.contains("it's"),
        "a quote ends a word of the shell's"
    );
    assert!(configuration.contains("$${5}"), "{configuration}");
    assert!(!configuration.replace("$${5}", "").contains("${5}"));
    assert!(!configuration.replace("%%{x}", "").contains("%{x}"));
}

#[test]
fn both_know_the_repository_and_what_goes_from_it() {
    let file = FILE.replace("[app]", "[app]\ndockerfile = \"Dockerfile\"");
    let release = Release {
        image: "us-central1-docker.pkg.dev/demo/web/app:c-1".to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    let configuration = Configuration::read(&file).unwrap();
    let blueprint = Blueprint::of(&configuration, "demo", &release);
    let nothing = Inventory::default();
    let terraform = export(Dialect::Terraform, &blueprint, &nothing);
    for line in [
        "resource \"google_artifact_registry_repository\" \"web-us-central1\" {",
        "repository = google_artifact_registry_repository.web-us-central1.repository_id",
        "keep_count = 20",
        "older_than = \"2592000s\"",
    ] {
        assert!(terraform.contains(line), "{line} is not in {terraform}");
    }
    let gcloud = export(Dialect::Gcloud, &blueprint, &nothing);
    for line in [
        "gcloud artifacts repositories create web",
        "gcloud artifacts repositories set-cleanup-policies web",
        "\"keepCount\": 20",
    ] {
        assert!(gcloud.contains(line), "{line} is not in {gcloud}");
    }
}
