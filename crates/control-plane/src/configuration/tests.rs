#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const SMALLEST: &str = "name = \"web\"\nregions = [\"us-central1\"]\n";

fn told(text: &str) -> Vec<String> {
    let Faults(faults) = Configuration::read(text).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_and_a_place_are_enough_and_the_rest_is_the_tutorials() {
    let read = Configuration::read(SMALLEST).unwrap();
    assert_eq!(read.name, "web");
    assert_eq!(read.locations, [Location::Region("us-central1".to_owned())]);
    assert_eq!(
        (read.app.port, read.app.health_path.as_str()),
        (5000, "/health")
    );
    assert_eq!(read.policy, Policy::default_for(2, 6, 0.5));
    assert!(!read.site.https && !read.site.redirect);
    assert_eq!((read.update.surge, read.update.unavailable), (1, 0));
}

#[test]
fn every_setting_arrives() {
    let read = Configuration::read(
        r#"
        name = "shop"
        project = "example.com:shop-1"
        zones = ["europe-west1-b", "us-east1-c"]
        [app]
        image = "europe-docker.pkg.dev/p/r/app@sha256:00ff"
        port = 8_080
        health_path = "/healthz?full=1"
        stop_seconds = 20
        environment = { LOG_LEVEL = "info", "_a1" = " x='y' " }
        secrets.DATABASE_URL = "database-url/3"
        [machine]
        type = "n2-standard-2"
        disk_gb = 20
        boot_image = "projects/cos-cloud/global/images/cos-125-19216-0-0"
        service_account = "web-vm@shop-1.iam.gserviceaccount.com"
        network = "private"
        external_ip = false
        labels = { team = "web_1" }
        [scaling]
        min = 1
        max = 10
        cpu = 1
        initialization_seconds = 90
        [site]
        domain = "app.example.com"
        redirect = false
        timeout_seconds = 10
        draining_seconds = 5
        [update]
        surge = 0
        unavailable = 1
        "#,
    )
    .unwrap();
    assert_eq!(read.project.as_deref(), Some("example.com:shop-1"));
    assert_eq!(read.locations.len(), 2);
    assert_eq!(read.app.port, 8080);
    assert_eq!(read.app.environment["_a1"], " x='y' ");
    let secret = Secret {
        name: "database-url".to_owned(),
        version: 3,
    };
    assert_eq!(read.app.secrets["DATABASE_URL"], secret);
    assert_eq!(read.machine.labels["team"], "web_1");
    assert_eq!(read.policy.cpu.unwrap().target, 1.0);
    assert_eq!(read.policy.cool_down.as_secs(), 90);
    assert!(read.site.https && !read.site.redirect && !read.machine.external_ip);
    assert_eq!(read.update.unavailable, 1);
}

#[test]
fn every_fault_is_told_at_once_with_its_place_value_and_range() {
    let text = r#"name = "Web"
regions = ["us-central1"]
zone = "us-central1-a"

[app]
port = 70000
health_path = "health"
environment = { PORT = "1", GOOD = "yes", BAD = 3 }

[scalling]
min = 2
"#;
    assert_eq!(
        told(text),
        [
            "line 1, column 8: name is \"Web\"; it must be 3 to 27 lower-case letters, digits and hyphens, a letter first and no hyphen last.",
            "line 3, column 1: zone is not a setting; did you mean zones?",
            "line 6, column 8: app.port is 70000; it must be a whole number from 1 to 65535.",
            "line 7, column 15: app.health_path is \"health\"; it must be a path that begins with /, as in \"/health\".",
            "line 8, column 17: app.environment.PORT cannot have this name: app.port says it.",
            "line 8, column 49: app.environment.BAD is 3; it must be a text in quotes of at most 32768 characters, without line breaks.",
            "line 10, column 2: scalling is not a setting; did you mean scaling?",
        ]
    );
}

#[test]
fn settings_that_contradict_each_other_are_faults() {
    for (settings, expected) in [
        (
            "zones = [\"us-central1-a\"]",
            "zones is [\"us-central1-a\"]; it must be absent where regions says the same.",
        ),
        (
            "scaling.min = 7",
            "scaling.max is missing; it must be a whole number from 7, the minimum, to 2000.",
        ),
        (
            "scaling = { min = 3, max = 2 }",
            "scaling.max is 2; it must be a whole number from 3, the minimum, to 2000.",
        ),
        ("console.image = \"app:1\"", "console is"),
        (
            "console.image = \"app:1\"\napp.console = true\nsite.domain = \"app.example.com\"",
            "it must be absent where app.console says that the app is one.",
        ),
        (
            "site.domain = \"app.example.com\"\n[console]\nport = 5001",
            "console.image is missing; it must be a container image",
        ),
        (
            "site.domain = \"app.example.com\"\nconsole = { image = \"app:1\", port = 5000 }",
            "console.port is 5000; it must be another port than app.port.",
        ),
        (
            "site.https = true",
            "site.https is true; it must be false without site.domain",
        ),
        (
            "site = { domain = \"a.b\", https = false, redirect = true }",
            "site.redirect is true; it must be false without HTTPS",
        ),
        (
            "site.iap_members = [\"user:ada@example.com\"]",
            "it must be absent without HTTPS, which Identity-Aware Proxy needs.",
        ),
        (
            "site = { domain = \"a.b\", iap_members = [\"allUsers\"] }",
            "in which each is a member as IAM spells it",
        ),
        (
            "update.surge = 0",
            "update.surge is 0; it must be at least 1",
        ),
        (
            "app = { environment.A = \"1\", secrets.A = \"a/1\" }",
            "it must be without A, which app.environment sets too.",
        ),
        (
            "app.secrets.A = \"a/latest\"",
            "app.secrets.A is \"a/latest\"; it must be a secret and the number of its version",
        ),
        (
            "machine.labels.flaskscale = \"x\"",
            "machine.labels.flaskscale cannot have this name",
        ),
    ] {
        let told = told(&format!("{SMALLEST}{settings}\n"));
        assert_eq!(told.len(), 1, "{settings}: {told:?}");
        assert!(told[0].contains(expected), "{settings}: {told:?}");
    }
}

#[test]
fn several_regions_have_no_one_subnetwork_and_each_stands_once() {
    let text = "name = \"web\"\nregions = [\"us-central1\", \"us-central1\"]\nmachine.subnetwork = \"a\"\n";
    let told = told(text);
    assert!(told[0].contains("each stands once"), "{told:?}");
    assert!(told[1].contains("machine.subnetwork is \"a\""), "{told:?}");
}

#[test]
fn what_is_no_toml_is_told_by_its_line() {
    let told = told("name = \"web\"\nregions = [\n[app]\nport = = 2\n");
    assert!(
        told.iter().any(|fault| fault.starts_with("line 4, ")),
        "{told:?}"
    );
}

#[test]
fn the_file_that_init_writes_is_valid_also_with_every_default_in_force() {
    let sketch = Sketch {
        name: "flask".to_owned(),
        project: Some("my-project".to_owned()),
        port: 8000,
        health_path: "/healthz".to_owned(),
        dockerfile: true,
        findings: vec!["The port is that of EXPOSE in Dockerfile.".to_owned()],
    };
    let written = sketch.to_toml();
    let read = Configuration::read(&written).unwrap();
    assert_eq!(read.app.port, 8000);
    assert_eq!(read.app.dockerfile.as_deref(), Some("Dockerfile"));
    assert_eq!(read.project.as_deref(), Some("my-project"));

    // Each commented default is a line that is valid once it is no comment.
    let is_setting = |line: &&str| {
        line.starts_with("# ") && line.contains(" = ") && !line.contains("Lines that")
    };
    let lines = written.lines();
    let all: Vec<&str> = lines
        .map(|line| if is_setting(&line) { &line[2..] } else { line })
        .collect();
    let all = all.join("\n");
    let all = Configuration::read(&all).unwrap();
    let usual = |mut configuration: Configuration| {
        configuration.app.image = None;
        configuration.app.environment.clear();
        configuration.app.secrets.clear();
        configuration.machine.boot_image = None;
        configuration.machine.service_account = None;
        configuration.machine.subnetwork = None;
        configuration.machine.labels.clear();
        // A console needs the domain that goes with the site's.
        configuration.console = None;
        configuration.site = read.site.clone();
        configuration
    };
    assert_eq!(usual(all), read);
}
