//! Containers of a deployment in the local cloud, where programs stand for them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path, time::Duration};

use serde_json::Value;
use support::{
    folder::{Folder, site_of},
    get, run, until,
    up::Up,
    visitors::Visitors,
};

/// Says which version it is, and what its container was told. One version fails for everybody but the
/// probes, another is slow.
const SERVER: &str = r#"
import http.server, os, sys, time

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if sys.argv[1] == "failing" and self.path != "/health":
            return self.send_error(500)
        if sys.argv[1] == "slow" and self.path != "/health":
            time.sleep(1)
        body = f"{sys.argv[1]} {os.environ.get('GREETING')}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answers).serve_forever()
"#;

/// Writes the server, and gives its command for a version.
fn server(directory: &Path, version: &str) -> String {
    let path = directory.join("server.py");
    fs::write(&path, SERVER).unwrap();
    format!("python3 '{}' {version}", path.display())
}

fn cloud_with_versions(directory: &Path) -> Up {
    let mut up = Up::fast(directory);
    for version in ["one", "two", "failing", "slow"] {
        let command = server(directory, version);
        up.arg("--image-command")
            .arg(format!("web/app:{version}={command}"));
    }
    up.args(["--image-variable", "GREETING"]);
    Up::start(up.args(["--image-command", "web/app:broken=false"]))
}

#[test]
fn an_instance_runs_what_stands_for_its_versions_container() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("web");
    fs::create_dir(&app).unwrap();
    let cloud = cloud_with_versions(directory.path());
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init_with_greeting();

    let site = site_of(&folder.does(&["deploy", "--yes", "--image", "web/app:one"]));
    assert_eq!(get(site, "/").unwrap().body, "one hello");

    folder.does(&["release", "--yes", "--image", "web/app:two"]);
    assert_eq!(get(site, "/").unwrap().body, "two hello");

    let broken = ["release", "--yes", "--image", "web/app:broken"];
    let broken = run(&mut folder.command(&broken));
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert!(
        broken.stderr.contains("rolled back to web-"),
        "{}",
        broken.stderr
    );
    assert_eq!(get(site, "/").unwrap().body, "two hello");

    folder.does(&["rollback", "--yes"]);
    assert_eq!(get(site, "/").unwrap().body, "one hello");
    // What has no substitute runs what the cloud was started with.
    assert!(
        cloud.get("/").body.contains("<html"),
        "the cloud's own site is untouched"
    );
}

#[test]
fn the_file_of_a_deployment_drives_the_local_cloud_too() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("web");
    fs::create_dir(&app).unwrap();
    let mut folder = Folder {
        path: &app,
        api: String::new(),
    };
    fs::write(app.join("Dockerfile"), "FROM scratch\n").unwrap();
    folder.init_with_greeting();
    folder.edit("[\"us-central1\"]", "[\"us-central1\", \"europe-west1\"]");
    let without = ["up", "--config", "flaskscale.toml", "--containers", "off"];
    folder.refuses(&without, "say what stands for us-central1-docker.pkg.dev/");

    let mut up = Up::of_file(directory.path(), &app);
    let cloud = Up::start(up.args(["--", "/bin/sh", "-c", &server(directory.path(), "local")]));
    folder.api = cloud.said("api").unwrap().to_owned();
    assert_eq!(cloud.get("/").body, "local hello");
    for region in ["us-central1", "europe-west1"] {
        let groups = folder.list(&format!("regions/{region}/instanceGroupManagers"));
        assert_eq!(groups[0]["name"], "web", "{region}");
    }
    until("a deployment that is as the file asks", || {
        let status = folder.does(&["status"]);
        status
            .ends_with("all is as the configuration asks\n")
            .then_some(())
    });

    // A release finds what it needs, and its containers have the same program in their place.
    folder.does(&[
        "release",
        "--yes",
        "--image",
        "us-central1-docker.pkg.dev/flaskscale-local/web/web:2",
    ]);
    assert_eq!(cloud.get("/").body, "local hello");
}

/// Enough to be measured.
const VISITORS: Visitors = Visitors {
    count: 4,
    path: "/",
    rest: Duration::from_millis(10),
};

#[test]
fn a_version_that_serves_its_visitors_worse_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("web");
    fs::create_dir(&app).unwrap();
    let cloud = cloud_with_versions(directory.path());
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.does(&["init"]);
    let site = site_of(&folder.does(&["deploy", "--yes", "--image", "web/app:one"]));

    let good = VISITORS.during(site, || {
        visitors_are_measured(&folder);
        let shown = folder.does(&["release", "--yes", "--image", "web/app:two"]);
        assert!(shown.contains("visitors: 0.0 % of "), "{shown}");
    });
    assert_eq!(good.keys().collect::<Vec<_>>(), [&200], "{good:?}");

    VISITORS.during(site, || {
        is_taken_back(&folder, "failing", "of the requests fail");
    });
    VISITORS.during(site, || {
        is_taken_back(&folder, "slow", "95 of 100 requests are answered within");
    });
    assert_eq!(get(site, "/").unwrap().body, "two None");
}

/// The load balancer's metrics are in whole minutes, of which each takes a second here.
fn visitors_are_measured(folder: &Folder<'_>) {
    until("a hundred visits that are measured", || {
        let metric = "metric.type=\"loadbalancing.googleapis.com/https/request_count\"";
        let filter = format!("{metric} AND resource.labels.url_map_name=\"web-site\"");
        let series = folder.time_series(&filter);
        let points = series
            .iter()
            .flat_map(|it| it["points"].as_array().unwrap());
        let count = |point: &Value| point["value"]["int64Value"].as_str()?.parse::<u64>().ok();
        (points.filter_map(count).sum::<u64>() > 100 * 60).then_some(())
    });
}

fn is_taken_back(folder: &Folder<'_>, version: &str, why: &str) {
    let image = format!("web/app:{version}");
    let ended = run(&mut folder.command(&["release", "--yes", "--image", &image]));
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stderr.contains("rolled back to web-"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}
