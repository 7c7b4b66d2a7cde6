//! `flaskscale status`, `open` and what else is done with a deployment that is there: against the local
//! cloud.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use support::{Running, folder::Folder, get, until, up::Up};

const IMAGE: [&str; 2] = ["--image", "docker.io/library/app:1"];

#[test]
fn a_deployment_is_seen_and_opened() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM scratch\nEXPOSE 5000\n").unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();

    before_there_is_one_programs_are_told_so(&folder);
    folder.does(&[&["deploy", "--yes"][..], &IMAGE].concat());
    a_program_reads_what_a_person_reads(&folder);
    a_region_is_drained_and_filled_again(&folder);
    a_certificate_that_waits_is_told_with_its_record(&folder);
    the_site_opens_in_the_browser(&folder);
    assert!(cloud.end().success());
}

fn status(folder: &Folder<'_>) -> Value {
    serde_json::from_str(&folder.does(&["status", "--json"])).unwrap()
}

fn before_there_is_one_programs_are_told_so(folder: &Folder<'_>) {
    let nothing = json!({
        "name": "my-app",
        "project": "flaskscale-local",
        "is_there": false,
        "next": "flaskscale deploy",
    });
    assert_eq!(status(folder), nothing);
    folder.refuses(
        &["open"],
        "my-app is reached nowhere yet: flaskscale deploy",
    );
}

fn a_program_reads_what_a_person_reads(folder: &Folder<'_>) {
    let (status, text) = (status(folder), folder.does(&["status"]));
    let shown = |what: &str| assert!(text.contains(what), "{what} is not in {text}");
    let steps = status["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["act"] == "keep"), "{status:#}");
    for collection in ["services", "serviceAccounts", "bindings", "forwardingRules"] {
        assert!(
            steps.iter().any(|step| step["collection"] == collection),
            "{collection}"
        );
    }
    for step in steps {
        shown(step["name"].as_str().unwrap());
    }
    assert_eq!(
        status["groups"][0],
        json!({
            "group": "my-app in us-central1",
            "size": 2,
            "ready": 2,
            "others": 0,
            "is_reached": true,
            "troubles": [],
            "shortage": null,
        })
    );
    shown("my-app in us-central1: 2 of 2 instances serve, 0 come or go");
    assert_eq!(status["versions"][0]["image"], "docker.io/library/app:1");
    assert_eq!(status["versions"][0]["in_service"], true);
    shown(status["versions"][0]["version"].as_str().unwrap());
    shown(&format!("address {}", status["address"].as_str().unwrap()));
    let cost = &status["usd_per_hour"];
    let (least, most) = (&cost["least"], &cost["most"]);
    shown(&format!(
        "costs {:.4} to {:.4} USD an hour",
        least.as_f64().unwrap(),
        most.as_f64().unwrap()
    ));
    assert_eq!(status["next"], Value::Null);
    shown("all is as the configuration asks");
}

fn a_certificate_that_waits_is_told_with_its_record(folder: &Folder<'_>) {
    folder.edit("# domain =", "domain =");
    assert_eq!(
        status(folder)["next"],
        "flaskscale deploy; resources to change: 3"
    );
    folder.does(&["deploy", "--yes", "--wait", "0"]);
    let seen = status(folder);
    let record = seen["dns_records_to_set"][0].as_str().unwrap();
    assert!(
        record.starts_with("app.example.com. 300 IN A 203.0.113."),
        "{record}"
    );
    let certificate = &seen["certificates"][0];
    assert_eq!(certificate["domains"][0]["domain"], "app.example.com");
    assert_eq!(certificate["advice"], json!([]));
    if certificate["status"] == "PROVISIONING" {
        let next = format!("the certificate needs the DNS record {record}");
        assert_eq!(seen["next"], json!(next));
    }
    until("the certificate", || {
        let status = status(folder);
        (status["certificates"][0]["status"] == "ACTIVE").then_some(())
    });
}

/// The browser is a program of that name on the path, as a desktop has one.
fn the_site_opens_in_the_browser(folder: &Folder<'_>) {
    let url = folder.does(&["open", "--print"]);
    let site = url.strip_prefix("http://").unwrap().trim_end_matches("/\n");
    assert_eq!(get(site.parse().unwrap(), "/health").unwrap().status, 200);

    let (bin, opened) = browser(folder.path);
    let path = env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap();
    let open = support::run(folder.command(&["open"]).env("PATH", path));
    assert_eq!(open.code, Some(0), "{}", open.stderr);
    assert_eq!(fs::read_to_string(opened).unwrap(), url);
}

/// A directory with a browser that writes down what it was asked for, and where.
fn browser(directory: &Path) -> (PathBuf, PathBuf) {
    let (bin, opened) = (directory.join("bin"), directory.join("opened"));
    fs::create_dir(&bin).unwrap();
    let program = bin.join("xdg-open");
    let script = format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (bin, opened)
}

fn a_region_is_drained_and_filled_again(folder: &Folder<'_>) {
    let (us, europe) = ("us-central1", "europe-west1");
    let last = "us-central1 is the last place that serves: without it the site would be down";
    folder.refuses(&["drain", us, "--yes"], last);
    folder.edit("[\"us-central1\"]", "[\"us-central1\", \"europe-west1\"]");
    folder.does(&["deploy", "--yes"]);
    folder.refuses(&["drain", us], "--yes agrees to this plan");
    folder.refuses(
        &["drain", "asia-east1"],
        "there are: us-central1, europe-west1",
    );
    assert_eq!(scalers(folder), [1.0, 1.0], "nothing was done");

    let told = folder.does(&["drain", us, "--yes"]);
    assert!(told.contains("us-central1: serves → drained"), "{told}");
    assert_eq!(scalers(folder), [0.0, 1.0]);
    let url = folder.does(&["open", "--print"]);
    let site = url.strip_prefix("http://").unwrap().trim_end_matches("/\n");
    let site = site.parse().unwrap();
    until("visits to the other region only", || {
        let mut visits = std::iter::repeat_with(|| region_that_serves(folder, site)).take(20);
        visits.all(|region| region == europe).then_some(())
    });
    let again = folder.does(&["drain", us, "--yes"]);
    assert_eq!(again, "nothing to do: us-central1 is drained already\n");

    // A deployment tells it, and changes other things of the same load balancer without undoing it.
    folder.edit("# timeout_seconds = 30", "timeout_seconds = 20");
    let deployed = folder.does(&["deploy", "--yes"]);
    let kept = "! us-central1 is drained, and stays so until flaskscale fill us-central1\n";
    assert!(deployed.contains(kept), "{deployed}");
    assert_eq!(scalers(folder), [0.0, 1.0]);
    assert!(folder.does(&["status"]).contains(kept));
    assert_eq!(status(folder)["drift"][0]["changes"][0]["field"], us);

    folder.does(&["fill", us, "--yes"]);
    assert_eq!(scalers(folder), [1.0, 1.0]);
    assert_eq!(status(folder)["drift"], json!([]));
    let idle = folder.does(&["fill", europe, "--yes"]);
    assert_eq!(idle, "nothing to do: europe-west1 is not drained\n");
}

/// How much of its capacity each region gets requests for.
fn scalers(folder: &Folder<'_>) -> Vec<f64> {
    let services = folder.list("global/backendServices");
    let ours = services.iter().find(|one| one["name"] == "my-app-site");
    let backends = ours.unwrap()["backends"].as_array().unwrap().clone();
    let scaler = |backend: &Value| backend["capacityScaler"].as_f64().unwrap();
    backends.iter().map(scaler).collect()
}

/// Where the instance is that answers a visit.
fn region_that_serves(folder: &Folder<'_>, site: SocketAddr) -> String {
    let visit = get(site, "/health").unwrap();
    let name = visit.header("x-served-by").unwrap();
    let api = folder.api.strip_prefix("http://").unwrap().parse().unwrap();
    let instances = get(api, "/_emulator/instances").unwrap();
    let instances: Vec<Value> = serde_json::from_str(&instances.body).unwrap();
    let served = instances.iter().find(|one| one["name"] == name);
    let zone = served.unwrap()["zone"].as_str().unwrap();
    zone.rsplit_once('-').unwrap().0.to_owned()
}

#[test]
fn what_instances_write_is_told_once_and_followed() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM scratch\nEXPOSE 5000\n").unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    assert_eq!(folder.does(&["logs"]), "", "nothing is there yet");
    folder.does(&[&["deploy", "--yes"][..], &IMAGE].concat());

    let path = "regions/us-central1/instanceGroupManagers/my-app/listManagedInstances";
    let path = format!("/compute/v1/projects/flaskscale-local/{path}");
    let listed = folder.post(&path, "");
    let instances: Vec<String> = listed["managedInstances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            one["instance"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let all = folder.does(&["logs"]);
    for instance in &instances {
        let serves = format!("{instance}: ");
        let lines = all.lines().filter(|line| line.starts_with(&serves));
        assert_eq!(
            lines.filter(|line| line.contains("serving")).count(),
            1,
            "{all}"
        );
    }
    let one = folder.does(&["logs", &instances[0], "--json"]);
    for line in one.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["instance"], instances[0].as_str());
    }
    folder.refuses(
        &["logs", "other-x1y2"],
        "other-x1y2 is no instance of my-app; there are: ",
    );

    // Whoever follows hears of an instance that comes later.
    let mut follow = folder.command(&["logs", "-f"]);
    let mut following = Running::start(follow.stdout(Stdio::piped()));
    let mut lines = BufReader::new(following.child.stdout.take().unwrap()).lines();
    for _ in all.lines() {
        lines.next().unwrap().unwrap();
    }
    let body = json!({"instances": [format!("zones/{}", zone_of(&listed, 0))]}).to_string();
    folder.post(
        &path.replace("listManagedInstances", "recreateInstances"),
        &body,
    );
    let again = lines
        .map_while(Result::ok)
        .find(|line| line.contains("serving"));
    assert!(again.unwrap().starts_with(&instances[0]));
    following.signal("-INT");
    assert!(following.ended().success());
    assert!(cloud.end().success());
}

/// `us-central1-a/instances/web-x1y2`
fn zone_of(listed: &Value, at: usize) -> String {
    let url = listed["managedInstances"][at]["instance"].as_str().unwrap();
    url.split_once("/zones/").unwrap().1.to_owned()
}
