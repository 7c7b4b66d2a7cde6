//! Instances whose secrets are in Secret Manager.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::Stdio,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use support::{
    LocalCloud, PASSWORD, Running, ask, flaskscale, free_port, get, log_in, refuses, set_password,
    until,
};

const SECRETS: &str = "/v1/projects/flaskscale-local/secrets";
const JSON: (&str, &str) = ("content-type", "application/json");

fn name(secret: &str) -> String {
    format!("projects/flaskscale-local/secrets/{secret}/versions/latest")
}

/// An instance of a deployment, and what it logs.
struct Deployed {
    running: Running,
    address: SocketAddr,
    log: tempfile::NamedTempFile,
}

impl Deployed {
    fn start(cloud: &LocalCloud) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let port = free_port();
        let mut command = flaskscale();
        command
            .args(["serve", "--cloud", "local", "--port", &port.to_string()])
            .env("FLASKSCALE_API", format!("http://{}", cloud.api))
            .env("FLASKSCALE_LOG_FORMAT", "json")
            .env("FLASKSCALE_SESSION_KEY_SECRET", name("session-key"))
            .env("FLASKSCALE_ADMIN_PASSWORD_SECRET", name("admin-password"))
            .stdout(Stdio::from(File::create(log.path()).unwrap()))
            .stderr(Stdio::null());
        Self {
            running: Running::start(&mut command),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            log,
        }
    }

    fn healthy(self) -> Self {
        until("a healthy instance", || {
            get(self.address, "/health").filter(|answer| answer.status == 200)
        });
        self
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    fn admits(&self, cookie: &str) -> bool {
        let answer = ask(self.address, "GET", "/admin", &[("cookie", cookie)], "").unwrap();
        answer.status == 200
    }
}

fn post(cloud: &LocalCloud, path: &str, body: &Value) {
    let answer = ask(cloud.api, "POST", path, &[JSON], &body.to_string()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn make(cloud: &LocalCloud, secret: &str) {
    let body = json!({"replication": {"automatic": {}}});
    post(cloud, &format!("{SECRETS}?secretId={secret}"), &body);
}

fn fill(cloud: &LocalCloud, secret: &str, value: &str) {
    let body = json!({"payload": {"data": STANDARD.encode(value)}});
    post(cloud, &format!("{SECRETS}/{secret}:addVersion"), &body);
}

/// The session key and the password's hash, as a deployment makes them.
fn secrets(directory: &Path, password: &str) -> (String, String) {
    let file = directory.join("made.json");
    set_password(&file, password);
    let made: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("session_key"), text("password_hash"))
}

#[test]
fn instances_share_the_secrets_of_secret_manager() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(directory.path());
    let (key, hash) = secrets(directory.path(), PASSWORD);

    let first = Deployed::start(&cloud);
    until("the reason why it does not serve", || {
        let log = first.log();
        let says = |words: &str| log.contains(words);
        (says("nothing is served before the secrets are read")
            && says("projects/flaskscale-local/secrets/session-key/versions/latest"))
        .then_some(())
    });
    assert!(get(first.address, "/health").is_none(), "{}", first.log());

    make(&cloud, "session-key");
    make(&cloud, "admin-password");
    fill(&cloud, "session-key", &key);
    fill(&cloud, "admin-password", &hash);
    let first = first.healthy();
    let second = Deployed::start(&cloud).healthy();
    let cookie = log_in(first.address, PASSWORD).unwrap();
    assert!(first.admits(&cookie) && second.admits(&cookie));

    // A release replaces every instance.
    drop(first);
    let third = Deployed::start(&cloud).healthy();
    assert!(third.admits(&cookie));

    let (_, new_hash) = secrets(directory.path(), "another good password");
    fill(&cloud, "admin-password", &new_hash);
    until("the end of the old session", || {
        (!second.admits(&cookie) && !third.admits(&cookie)).then_some(())
    });
    let cookie = log_in(second.address, "another good password").unwrap();
    assert!(third.admits(&cookie));

    // A secret that is no longer what it should be leaves the last one in force, and nothing of it is told.
    fill(&cloud, "admin-password", "not a hash at all");
    until("the warning", || {
        second
            .log()
            .contains("it holds no password hash")
            .then_some(())
    });
    assert!(second.admits(&cookie));
    for log in [second.log(), third.log()] {
        for secret in [&key, &hash, &new_hash, "not a hash at all"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
    cloud.stop();
}

#[test]
fn an_instance_that_waits_for_its_secrets_still_stops() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(directory.path());
    let mut waiting = Deployed::start(&cloud);
    until("the wait", || {
        waiting.log().contains("nothing is served").then_some(())
    });
    waiting.running.signal("-TERM");
    assert!(waiting.running.ended().success());
    cloud.stop();
}

#[test]
fn half_of_the_secrets_and_names_that_are_none_are_refused() {
    let (key, password) = (
        "FLASKSCALE_SESSION_KEY_SECRET",
        "FLASKSCALE_ADMIN_PASSWORD_SECRET",
    );
    let serve = |settings: &[(&str, &str)], word: &str| {
        let mut command = flaskscale();
        command.args(["serve", "--cloud", "none", "--port", "0"]);
        refuses(command.envs(settings.iter().copied()), word);
    };
    let (one, other) = (name("a"), name("b"));
    serve(&[(key, &one)], password);
    serve(&[(password, &one)], key);
    serve(&[(key, "my-secret"), (password, &one)], "\"my-secret\"");
    serve(&[(key, &one), (password, &other)], "no cloud");
}
