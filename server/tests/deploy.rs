//! `flaskscale init`, `deploy` and `destroy`: a whole life against the local cloud, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};
use support::{
    Running, ask, flaskscale,
    folder::{Folder, site_of},
    get, refuses, run, until,
    up::Up,
    visitors::Visitors,
};

#[test]
fn a_deployment_lives_from_an_empty_cloud_to_an_empty_cloud() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM scratch\nEXPOSE 5000\n").unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    let firewalls = folder.list("global/firewalls").len();

    let site = it_is_deployed_and_then_there_is_nothing_to_do(&folder);
    what_would_fail_is_not_begun(&folder);
    nobody_is_turned_away(site, || a_version_is_released_and_taken_back(&folder));
    a_plan_in_a_file_is_carried_out_while_it_holds(&folder, site);
    a_shortage_is_named_with_its_cure(&folder);
    what_is_anothers_is_in_the_way(&folder);
    it_is_destroyed_and_nothing_else(&folder);

    assert_eq!(folder.list("global/firewalls").len(), firewalls);
    assert!(cloud.end().success());
}

fn it_is_deployed_and_then_there_is_nothing_to_do(folder: &Folder<'_>) -> SocketAddr {
    folder.init();
    let image = ["--image", "docker.io/library/app:1"];
    assert_eq!(folder.plan(&image, "+").len(), 14);
    let services = folder.list("global/backendServices");
    assert_eq!(services.len(), 1, "a plan does nothing");
    assert!(folder.does(&["status"]).contains("nothing of it is there"));

    let stdout = folder.does(&["deploy", "--yes", "--image", "docker.io/library/app:1"]);
    assert!(stdout.contains("/health answers 200"), "{stdout}");
    let site = site_of(&stdout);
    let page = get(site, "/").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains(NO_NUMBERS), "it is not asked to look");
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
    assert!(folder.does(&["deploy", "--yes"]).contains("nothing to do"));
    site
}

fn what_would_fail_is_not_begun(folder: &Folder<'_>) {
    folder.edit("max = 6", "max = 900");
    let refused = run(&mut folder.command(&["deploy", "--yes", "--policy"]));
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let finding = "x The quota ";
    assert!(refused.stdout.contains(finding), "{}", refused.stdout);
    let nothing = "of the findings would make it fail: nothing was done";
    assert!(refused.stderr.contains(nothing), "{}", refused.stderr);
    folder.edit("max = 900", "max = 6");
    let constraint = "compute.restrictLoadBalancerCreationForTypes";
    let policies = "/v2/projects/flaskscale-local/policies";
    let policy = format!(
        r#"{{"name": "projects/flaskscale-local/policies/{constraint}", "spec": {{"rules": [{{"denyAll": true}}]}}}}"#
    );
    folder.post(policies, &policy);
    let refused = run(&mut folder.command(&["deploy", "--yes"]));
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let finding = format!("x The organisation's policy {constraint} forbids load balancers");
    assert!(refused.stdout.contains(&finding), "{}", refused.stdout);
    let removed = ask(
        folder.address(),
        "DELETE",
        &format!("{policies}/{constraint}"),
        &[],
        "",
    );
    assert_eq!(removed.unwrap().status, 200);
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
}

fn a_plan_in_a_file_is_carried_out_while_it_holds(folder: &Folder<'_>, site: SocketAddr) {
    folder.edit("# draining_seconds = 60", "draining_seconds = 5");
    folder.edit("# domain =", "domain =");
    let shown = folder.does(&["deploy", "--plan", "--out", "old.json"]);
    let note = "i No zone of this project answers for 'app.example.com'";
    assert!(shown.contains(note), "{shown}");
    folder.does(&["deploy", "--plan", "--out", "plan.json"]);
    let stdout = folder.does(&["deploy", "--yes", "plan.json"]);
    let record = "DNS record to set: app.example.com. 300 IN A 203.0.113.";
    assert!(stdout.contains(record), "{stdout}");
    folder.refuses(&["deploy", "--yes", "old.json"], "the world has changed");
    // Once its certificate is there, which it waits for, HTTP leads to HTTPS.
    assert_eq!(get(site, "/").unwrap().status, 301);
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
}

fn a_version_is_released_and_taken_back(folder: &Folder<'_>) {
    let release = |image| folder.command(&["release", "--yes", "--image", image]);
    let released = run(&mut release("docker.io/library/app:2"));
    assert!(
        released.stdout.ends_with(" serves\n"),
        "{}",
        released.stderr
    );
    let (one, two) = ("docker.io/library/app:1", "docker.io/library/app:2");
    assert_eq!(folder.versions(), [format!("* {two}"), format!("  {one}")]);

    // A canary is some instances, and ends one way or the other.
    let canary = [
        "--yes",
        "--canary",
        "50%",
        "--image",
        "docker.io/library/app:canary",
    ];
    folder.does(&[&["release"][..], &canary].concat());
    assert_eq!(folder.versions()[0], "~ docker.io/library/app:canary");
    folder.refuses(&["deploy", "--plan"], "release --promote or --abort first");
    let status = folder.does(&["status"]);
    assert!(
        status.ends_with("flaskscale release --promote or --abort\n"),
        "{status}"
    );
    folder.does(&["release", "--yes", "--abort"]);
    assert_eq!(
        folder.versions()[..2],
        [
            "  docker.io/library/app:canary".to_owned(),
            format!("* {two}")
        ]
    );
    folder.refuses(&["release", "--promote"], "no canary");
    folder.does(&[&["release"][..], &canary].concat());
    folder.does(&["release", "--yes", "--promote"]);
    assert_eq!(folder.versions()[0], "* docker.io/library/app:canary");
    folder.does(&["rollback", "--yes"]);
    assert_eq!(folder.versions()[1], format!("* {two}"));

    // One whose instances do not come up goes back by itself.
    folder.post("/_emulator/faults", r#"{"type": "failedBoot"}"#);
    let broken = run(&mut release("docker.io/library/app:3"));
    assert_eq!(broken.code, Some(1), "{}{}", broken.stdout, broken.stderr);
    for words in [
        "rolled back to my-app-",
        "attempts to start an instance failed",
    ] {
        assert!(broken.stderr.contains(words), "{}", broken.stderr);
    }
    assert_eq!(folder.versions()[2], format!("* {two}"));
    let status = folder.does(&["status"]);
    assert!(
        status.contains("2 of 2 instances serve, 0 come or go"),
        "{status}"
    );
    assert!(
        status.ends_with("all is as the configuration asks\n"),
        "{status}"
    );
}

/// The group of `up` and this one have two instances each, so that no more can be had.
fn a_shortage_is_named_with_its_cure(folder: &Folder<'_>) {
    let before = folder.versions();
    folder.post("/_emulator/faults", r#"{"type": "quota", "instances": 4}"#);
    let image = "docker.io/library/app:4";
    let release = ["release", "--yes", "--patience", "5", "--image", image];
    let short = run(&mut folder.command(&release));
    assert_eq!(short.code, Some(1), "{}{}", short.stdout, short.stderr);
    let words = " (ask Google for a higher quota, or lower the autoscaler's maximum)";
    assert!(short.stdout.contains(words), "{}", short.stdout);
    assert!(short.stderr.contains("rolled back to"), "{}", short.stderr);
    assert_eq!(folder.versions()[1..], before);
}

/// Visits the site all the while that something is done.
fn nobody_is_turned_away(site: SocketAddr, work: impl FnOnce()) {
    // Often enough to meet every change.
    let visitors = Visitors {
        count: 1,
        path: "/health",
        rest: Duration::from_millis(5),
    };
    let visits = visitors.during(site, work);
    assert_eq!(visits.keys().collect::<Vec<_>>(), [&200], "{visits:?}");
}

/// What `up` made for itself has the name `flaskscale`.
fn what_is_anothers_is_in_the_way(folder: &Folder<'_>) {
    folder.edit("name = \"my-app\"", "name = \"flaskscale\"");
    folder.edit("regions = [\"us-central1\"]", "zones = [\"us-central1-a\"]");
    let taken = run(&mut folder.command(&["deploy", "--yes", "--image", "a:1"]));
    assert_eq!(taken.code, Some(2));
    let line = "! managed instance group flaskscale in us-central1-a is not of this deployment";
    assert!(taken.stdout.contains(line), "{}", taken.stdout);
    assert!(folder.does(&["destroy"]).contains("nothing of it is there"));
    folder.edit("zones = [\"us-central1-a\"]", "regions = [\"us-central1\"]");
    folder.edit("name = \"flaskscale\"", "name = \"my-app\"");
}

fn it_is_destroyed_and_nothing_else(folder: &Folder<'_>) {
    folder.refuses(&["destroy"], "--confirm my-app");
    folder.refuses(&["destroy", "--confirm", "other"], "my-app");
    let stdout = folder.does(&["destroy", "--confirm", "my-app"]);
    let end = "nothing of it is left\n\
        DNS record to remove now, since others may get the address: app.example.com. 300 IN A ";
    assert!(stdout.contains(end), "{stdout}");
    let of_up = [
        "backendServices",
        "forwardingRules",
        "healthChecks",
        "instanceTemplates",
        "urlMaps",
    ];
    for collection in of_up {
        let left = folder.list(&format!("global/{collection}")).len();
        assert_eq!(left, 1, "{collection}: that of `up` stays");
    }
    for collection in ["addresses", "sslCertificates", "targetHttpsProxies"] {
        let left = folder.list(&format!("global/{collection}")).len();
        assert_eq!(left, 0, "{collection}");
    }
    let groups = folder.list("regions/us-central1/instanceGroupManagers");
    assert_eq!(groups.len(), 0);
    assert!(folder.does(&["destroy"]).contains("nothing of it is there"));
}

#[test]
fn what_is_off_in_a_new_project_is_enabled_first() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    let services = "/v1/projects/flaskscale-local/services";
    for host in ["compute", "logging"] {
        folder.post(&format!("{services}/{host}.googleapis.com:disable"), "{}");
    }
    let image = ["--image", "docker.io/library/app:1"];
    let apis: Vec<String> = folder.plan(&image, "+")[..2].into();
    assert_eq!(
        apis,
        [
            "+ api compute.googleapis.com",
            "+ api logging.googleapis.com"
        ]
    );
    let stdout = folder.does(&[&["deploy", "--yes"], &image[..]].concat());
    // The system's image is known only to Compute.
    assert!(
        stdout.contains("with its APIs enabled, my-app in the project"),
        "{stdout}"
    );
    assert!(stdout.contains("/health answers 200"), "{stdout}");
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
    folder.does(&["destroy", "--confirm", "my-app"]);
    let (_, compute) = folder.read("services/compute.googleapis.com");
    assert_eq!(compute["state"], "ENABLED");
    assert!(cloud.end().success());
}

#[test]
fn instances_may_do_what_they_must_and_everybody_else_keeps_what_they_have() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    let others = json!({
        "role": "roles/viewer",
        "members": ["user:a@example.com"],
        "condition": {"title": "for a while", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"},
    });
    let mut policy = folder.policy();
    let bindings = policy["bindings"].as_array_mut().unwrap();
    bindings.push(others);
    let before = bindings.clone();
    policy["version"] = json!(3);
    let set = json!({ "policy": policy }).to_string();
    folder.post("/v3/projects/flaskscale-local:setIamPolicy", &set);

    folder.init();
    folder.edit("# console = false", "console = true");
    let deploy = ["deploy", "--yes", "--image", "docker.io/library/app:1"];
    let email = "my-app-vm@flaskscale-local.iam.gserviceaccount.com";
    let account = format!("serviceAccounts/{email}");
    let role = "roles/flaskscale.my_app";
    folder.refuses(&deploy, "FLASKSCALE_ADMIN_PASSWORD_FILE");
    assert_eq!(folder.read(&account).0, 404, "nothing was done");
    an_account_of_the_same_name_is_in_the_way_until_it_is_adopted(&folder, &account);
    fs::write(directory.path().join("password"), "correct horse battery\n").unwrap();
    // Twice, since a role that was deleted is only marked, and its name is taken.
    for _ in 0..2 {
        let stdout = folder.does(&[&deploy[..], &["--adopt"]].concat());
        let site = site_of(&stdout);
        for (secret, is_right) in [
            (
                "my-app-session-key",
                (|value| BASE64.decode(value).unwrap().len() == 64) as fn(&str) -> bool,
            ),
            ("my-app-admin-password", |value| {
                value.starts_with("$argon2id$")
            }),
        ] {
            let (_, read) = folder.read(&format!("secrets/{secret}/versions/latest:access"));
            let value = BASE64
                .decode(read["payload"]["data"].as_str().unwrap())
                .unwrap();
            let value = String::from_utf8(value).unwrap();
            assert!(is_right(&value), "{secret}");
            assert!(
                !stdout.contains(&value) && stdout.contains(&format!("create secret {secret}"))
            );
            let (_, policy) = folder.read(&format!("secrets/{secret}:getIamPolicy"));
            let accessor = json!([{
                "role": "roles/secretmanager.secretAccessor",
                "members": [format!("serviceAccount:{email}")],
            }]);
            assert_eq!(policy["bindings"], accessor);
        }
        until("an instance that may look at its group", || {
            let page = get(site, "/")?.body;
            assert!(page.contains("FlaskScale"), "{page}");
            (!page.contains(NO_NUMBERS)).then_some(())
        });
        assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
        let bindings = folder.policy()["bindings"].as_array().unwrap().clone();
        assert!(
            before.iter().all(|one| bindings.contains(one)),
            "{bindings:#?}"
        );
        let member = json!([format!("serviceAccount:{email}")]);
        let ours = bindings.iter().filter(|one| one["members"] == member);
        let mut roles: Vec<&str> = ours.filter_map(|one| one["role"].as_str()).collect();
        roles.sort_unstable();
        let own = format!("projects/flaskscale-local/{role}");
        let expected = [
            &own,
            "roles/logging.logWriter",
            "roles/monitoring.metricWriter",
        ];
        assert_eq!(roles, expected);

        folder.does(&["destroy", "--confirm", "my-app"]);
        assert_eq!(folder.policy()["bindings"], json!(before));
        assert_eq!(folder.read(&account).0, 404);
        assert_eq!(folder.read("secrets/my-app-session-key").0, 404);
        assert_eq!(folder.read(role).1["deleted"], true);
    }
    assert!(cloud.end().success());
}

fn an_account_of_the_same_name_is_in_the_way_until_it_is_adopted(
    folder: &Folder<'_>,
    account: &str,
) {
    let path = "/v1/projects/flaskscale-local/serviceAccounts";
    folder.post(
        path,
        r#"{"accountId": "my-app-vm", "serviceAccount": {"description": "by hand"}}"#,
    );
    until("an account that can be read", || {
        (folder.read(account).0 == 200).then_some(())
    });
    let image = ["--image", "docker.io/library/app:1"];
    let taken = run(&mut folder.command(&[&["deploy", "--yes"], &image[..]].concat()));
    assert_eq!(taken.code, Some(2), "{}", taken.stderr);
    let line = "! service account my-app-vm is not of this deployment";
    assert!(taken.stdout.contains(line), "{}", taken.stdout);
    let adoption = folder.plan(&[&image[..], &["--adopt"]].concat(), "~");
    assert_eq!(adoption, ["~ service account my-app-vm"]);
}

/// What an instance says as long as it may not look at its own group.
const NO_NUMBERS: &str = "numbers are not available right now";

#[test]
fn one_command_at_a_time_and_one_that_was_killed_is_in_nobodys_way() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    let deploy = ["deploy", "--yes", "--image", "docker.io/library/app:1"];
    let mut first = folder.command(&deploy);
    first.stdout(Stdio::null()).env("USER", "ada");
    let mut first = Running::start(&mut first);
    let lock = || {
        let address = folder.list("global/addresses").first()?.clone();
        let user = address["labels"]["flaskscale-lock-user"].as_str()?;
        Some(user.to_owned())
    };
    assert_eq!(until("the lock", lock), "ada");
    first.signal("-STOP");
    folder.edit("# draining_seconds = 60", "draining_seconds = 50");
    for words in [&deploy[..], &["destroy", "--confirm", "my-app"]] {
        folder.refuses(words, "my-app is not changed: ada on ");
    }
    assert_eq!(lock().as_deref(), Some("ada"));

    first.signal("-KILL");
    first.ended();
    assert_eq!(lock().as_deref(), Some("ada"), "it could not give it back");
    // Of a process on another machine nobody knows whether it lives; its lock ends by itself.
    let relabel = |until: &str| {
        let address = folder.list("global/addresses").remove(0);
        let mut labels = address["labels"].clone();
        labels["flaskscale-lock-process"] = json!("elsewhere-1-1");
        labels["flaskscale-lock-until"] = json!(until);
        let body = json!({"labels": labels, "labelFingerprint": address["labelFingerprint"]});
        let path = "/compute/v1/projects/flaskscale-local/global/addresses/my-app-ip/setLabels";
        folder.post(path, &body.to_string());
    };
    relabel("4000000000");
    folder.refuses(&deploy, "wait for the end of that");
    relabel("1000000000");
    folder.does(&deploy);
    assert_eq!(lock(), None, "whoever is done gives it back");
    folder.does(&["destroy", "--confirm", "my-app"]);
    assert_eq!(folder.list("global/addresses").len(), 0);
    assert!(cloud.end().success());
}

#[test]
fn a_domain_in_a_zone_of_the_project_is_led_here_and_nobody_elses_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    let zones = "/dns/v1/projects/flaskscale-local/managedZones";
    let zone = r#"{"name": "example", "dnsName": "example.com.", "description": ""}"#;
    folder.post(zones, zone);
    let records = |name: &str| {
        let path = format!("{zones}/example/rrsets?name={name}");
        let answer = get(folder.address(), &path).unwrap();
        let list: Value = serde_json::from_str(&answer.body).unwrap();
        let sets = list["rrsets"].as_array().cloned().unwrap_or_default();
        sets.into_iter()
            .map(|set| (set["type"].clone(), set["rrdatas"].clone()))
            .collect::<Vec<_>>()
    };
    let name = "app.example.com.";
    folder.init();
    folder.edit("# domain =", "domain =");
    let image = ["--image", "docker.io/library/app:1"];

    // Somebody else's record is named and left alone.
    let theirs =
        r#"{"name": "app.example.com.", "type": "A", "ttl": 60, "rrdatas": ["192.0.2.1"]}"#;
    let changes = format!("{zones}/example/changes");
    folder.post(&changes, &format!(r#"{{"additions": [{theirs}]}}"#));
    let stdout = folder.does(&[&["deploy", "--yes", "--wait", "1"], &image[..]].concat());
    assert!(
        stdout.contains("! 'app.example.com' leads to 192.0.2.1"),
        "{stdout}"
    );
    let not_yet = "not yet: certificate my-app-cert";
    assert!(stdout.contains(not_yet), "{stdout}");
    assert!(
        stdout.contains("DNS record to set: app.example.com. 300 IN A "),
        "{stdout}"
    );
    let before = vec![(json!("A"), json!(["192.0.2.1"]))];
    assert_eq!(records(name), before);

    // Once the name is free it is led here, and the certificate comes by itself.
    folder.post(&changes, &format!(r#"{{"deletions": [{theirs}]}}"#));
    assert_eq!(folder.plan(&[], "+~±-!"), [format!("+ DNS record {name}")]);
    let stdout = folder.does(&["deploy", "--yes"]);
    assert!(!stdout.contains("DNS record to set"), "{stdout}");
    let address = folder.list("global/addresses")[0]["address"].clone();
    assert_eq!(records(name), [(json!("A"), json!([address]))]);
    assert_eq!(get(site_of(&stdout), "/").unwrap().status, 301);
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);

    let stdout = folder.does(&["destroy", "--confirm", "my-app"]);
    assert!(!stdout.contains("DNS record to remove"), "{stdout}");
    assert_eq!(records(name), []);
    assert_eq!(records("_flaskscale.app.example.com."), []);
    assert!(cloud.end().success());
}

#[test]
fn a_deployment_waits_for_the_domain_that_its_owner_leads_here() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    let zones = "/dns/v1/projects/flaskscale-local/managedZones";
    let zone = r#"{"name": "example", "dnsName": "example.com.", "description": ""}"#;
    folder.post(zones, zone);
    let lead = |change: &str, address: &str| {
        let record =
            json!({"name": "app.example.com.", "type": "A", "ttl": 60, "rrdatas": [address]});
        let change = json!({ change: [record] });
        folder.post(&format!("{zones}/example/changes"), &change.to_string());
    };
    lead("additions", "192.0.2.1");
    folder.init();
    folder.edit("# domain =", "domain =");

    let told = directory.path().join("told");
    let mut deploy = folder.command(&["deploy", "--yes", "--image", "docker.io/library/app:1"]);
    let mut deploy = deploy.stdout(File::create(&told).unwrap()).spawn().unwrap();
    until("a deployment that waits for the domain", || {
        let told = fs::read_to_string(&told).unwrap();
        told.contains("waiting for the domain").then_some(())
    });
    // Nobody is kept out meanwhile.
    folder.does(&["release", "--yes", "--image", "docker.io/library/app:2"]);
    lead("deletions", "192.0.2.1");
    let address = folder.list("global/addresses")[0]["address"].clone();
    lead("additions", address.as_str().unwrap());
    assert!(deploy.wait().unwrap().success());
    let told = fs::read_to_string(&told).unwrap();
    assert!(
        told.lines().last().unwrap().starts_with("site http"),
        "{told}"
    );
    assert_eq!(get(site_of(&told), "/").unwrap().status, 301);
    assert_eq!(folder.versions()[0], "* docker.io/library/app:2");
    assert!(cloud.end().success());
}

#[test]
fn identity_aware_proxy_lets_in_those_whom_the_file_names_and_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    let web = "/v1/projects/flaskscale-local/iap_web/compute/services/my-app-site";
    let members = || {
        let policy = folder.post(&format!("{web}:getIamPolicy"), "{}");
        policy["bindings"][0]["members"].clone()
    };
    let is_guarded = || {
        let services = folder.list("global/backendServices");
        let mut services = services.iter();
        let service = services.find(|service| service["name"] == "my-app-site");
        service.unwrap()["iap"]["enabled"].clone()
    };
    folder.init();
    folder.edit("# domain =", "domain =");
    folder.does(&["deploy", "--yes", "--image", "docker.io/library/app:1"]);
    assert_eq!(is_guarded(), Value::Null);

    folder.edit("# iap_members", "iap_members");
    let changes = [
        "~ backend service my-app-site",
        "+ access through IAP my-app-site",
    ];
    assert_eq!(folder.plan(&[], "+~±-!"), changes);
    folder.does(&["deploy", "--yes"]);
    assert_eq!(
        (is_guarded(), members()),
        (json!(true), json!(["user:ada@example.com"]))
    );
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);

    // Whoever was let in by hand is told before he is shut out.
    let by_hand = json!({"policy": {"bindings": [
        {"role": "roles/iap.httpsResourceAccessor", "members": ["user:ada@example.com", "user:eve@example.com"]},
    ]}});
    folder.post(&format!("{web}:setIamPolicy"), &by_hand.to_string());
    folder.edit("\"user:ada@example.com\"", "\"group:team@example.com\"");
    let plan = folder.does(&["deploy", "--plan"]);
    assert!(plan.contains("user:eve@example.com"), "{plan}");
    folder.does(&["deploy", "--yes"]);
    assert_eq!(members(), json!(["group:team@example.com"]));

    folder.edit("iap_members", "# iap_members");
    folder.does(&["deploy", "--yes"]);
    assert_eq!((is_guarded(), members()), (json!(false), Value::Null));
    assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
    folder.edit("# iap_members", "iap_members");
    folder.does(&["deploy", "--yes"]);
    folder.does(&["destroy", "--confirm", "my-app"]);
    assert_eq!(members(), Value::Null);
    assert!(cloud.end().success());
}

/// Starts a command and kills it as soon as it has done a step; false if it came to its end.
fn killed_after_its_first_step(command: &mut Command) -> bool {
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let stdout = running.child.stdout.take().unwrap();
    let mut steps = BufReader::new(stdout).lines().map_while(Result::ok);
    if steps.any(|line| line.starts_with('[')) {
        running.signal("-KILL");
        running.ended();
        return true;
    }
    assert!(running.ended().success());
    false
}

#[test]
fn whatever_was_killed_after_any_step_is_continued_and_nothing_is_made_twice() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    fs::write(directory.path().join("password"), "correct horse battery\n").unwrap();
    folder.init();
    folder.edit("# console = false", "console = true");
    let image = ["--image", "docker.io/library/app:1"];
    let steps = folder.plan(&image, "+").len();
    let policy = folder.policy()["bindings"].clone();
    let life = [
        [&["deploy", "--yes"], &image[..]].concat(),
        vec!["destroy", "--confirm", "my-app"],
    ];
    for words in &life {
        let mut kills = 0;
        while killed_after_its_first_step(&mut folder.command(words)) {
            kills += 1;
            assert!(kills <= steps, "{words:?} makes no progress");
        }
        assert!(kills > 1, "{words:?}");
        if words[0] == "deploy" {
            assert_eq!(folder.plan(&[], "+~±-!"), [""; 0]);
        }
    }
    for kind in ["serviceAccounts", "secrets"] {
        assert_eq!(folder.read(kind), (200, json!({})), "{kind}");
    }
    assert_eq!(folder.list("global/addresses").len(), 0);
    assert_eq!(folder.policy()["bindings"], policy);
    assert!(cloud.end().success());
}

#[test]
fn a_cloud_of_which_every_third_call_fails_is_outlasted() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    fs::write(directory.path().join("password"), "correct horse battery\n").unwrap();
    folder.init();
    folder.edit("# console = false", "console = true");
    let policy = folder.policy()["bindings"].clone();
    let failures = ["internalError", "unavailable", "tooManyRequests"];
    let faults = failures.map(|error| {
        let fault = json!({"type": "apiError", "error": error, "rate": 0.1}).to_string();
        let added = folder.post("/_emulator/faults", &fault);
        added["id"].as_str().unwrap().to_owned()
    });
    // A write that fails is not repeated blindly, so that a command may stop; the next one goes on.
    for words in [
        &["deploy", "--yes", "--image", "docker.io/library/app:1"][..],
        &["destroy", "--confirm", "my-app"],
    ] {
        let has_succeeded = || run(&mut folder.command(words)).code == Some(0);
        assert!((0..5).any(|_| has_succeeded()), "{words:?}");
    }
    for id in faults {
        let path = format!("/_emulator/faults/{id}");
        assert_eq!(
            ask(folder.address(), "DELETE", &path, &[], "")
                .unwrap()
                .status,
            200
        );
    }
    assert_eq!(folder.policy()["bindings"], policy);
    for kind in ["serviceAccounts", "secrets"] {
        assert_eq!(folder.read(kind), (200, json!({})), "{kind}");
    }
    assert!(folder.does(&["destroy"]).contains("nothing of it is there"));
    assert!(cloud.end().success());
}

#[test]
fn init_writes_what_it_finds_and_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("1_Shop App");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM a\nEXPOSE 8080\n").unwrap();
    fs::write(app.join("app.py"), "@app.get('/healthz')\n").unwrap();
    let mut init = flaskscale();
    init.arg("init").arg(&app);
    let ended = run(&mut init);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let written = fs::read_to_string(app.join("flaskscale.toml")).unwrap();
    for line in [
        "name = \"shop-app\"",
        "port = 8080",
        "health_path = \"/healthz\"",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    refuses(&mut init, "exists already");
    assert_eq!(
        fs::read_to_string(app.join("flaskscale.toml")).unwrap(),
        written
    );
}

#[test]
fn every_fault_of_a_file_is_a_line_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder {
        path: directory.path(),
        api: "http://127.0.0.1:1".to_owned(),
    };
    refuses(
        &mut folder.command(&["deploy", "--plan"]),
        "flaskscale init",
    );
    let file = "name = \"web\"\nregions = [\"us-central1\"]\napp.port = 0\nscaling.cpu = 2\n";
    fs::write(directory.path().join("flaskscale.toml"), file).unwrap();
    let ended = run(&mut folder.command(&["deploy", "--plan"]));
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stderr,
        "error: flaskscale.toml: line 3, column 12: app.port is 0; it must be a whole number from 1 to 65535.\n\
         error: flaskscale.toml: line 4, column 15: scaling.cpu is 2; it must be a number above 0 and at most 1.\n"
    );
}

#[test]
fn a_terminal_shows_what_is_under_way() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(Up::fast(directory.path()).args(["--operations", "slow"]));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    // `script` gives the command a terminal, and shows what the command writes to it.
    let command = format!(
        "'{}' deploy --yes --image docker.io/library/app:1",
        flaskscale().get_program().display()
    );
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    terminal
        .current_dir(&app)
        .env("FLASKSCALE_API", &folder.api);
    let shown = run(terminal.env("TERM", "xterm"));
    assert_eq!(shown.code, Some(0), "{}{}", shown.stdout, shown.stderr);
    let moving = |text: &str| {
        let mut lines = shown.stdout.split(['\r', '\n', '\u{1b}']);
        lines.any(|line| line.contains(text) && !line.contains("] create"))
    };
    assert!(
        moving("create managed instance group my-app"),
        "{}",
        shown.stdout
    );
    let done = "] create managed instance group my-app in us-central1 (";
    assert!(shown.stdout.contains(done), "{}", shown.stdout);
}
