//! `flaskscale console`: the console on its owner's machine, for a cloud that is elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{net::SocketAddr, path::Path, process::Command};

use support::{ask, flaskscale, run, up::Up};

const FORM: &str = "application/x-www-form-urlencoded";

fn console(directory: &Path, api: &str) -> Command {
    let mut console = flaskscale();
    console
        .args(["console", "--port", "0", "--state-dir"])
        .arg(directory.join("console"))
        .current_dir(directory)
        .env("FLASKSCALE_API", api);
    console
}

/// Asks the console under its own name, which leads to loopback.
fn answer(
    url: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: &str,
) -> support::Answer {
    let authority = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let port = authority.rsplit(':').next().unwrap();
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let headers = [&[("host", authority)], more].concat();
    ask(address, method, path, &headers, body).unwrap()
}

#[test]
fn an_owner_looks_after_a_cloud_that_is_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let mut up = flaskscale();
    up.args(["up", "--site-port", "0", "--api-port", "0", "--speed", "60"]);
    up.arg("--state-dir").arg(directory.path().join("cloud"));
    let cloud = Up::start(&mut up);
    let api = cloud.said("api").unwrap();

    let first = Up::start(&mut console(directory.path(), api));
    let (url, password) = (
        first.said("console").unwrap(),
        first.said("password").unwrap(),
    );
    assert_ne!(
        cloud.said("password"),
        Some(password),
        "it has secrets of its own"
    );
    assert_eq!(
        answer(url, "GET", "/admin", &[], "").status,
        303,
        "nobody is logged in"
    );
    let form = format!("user=admin&password={password}");
    let logged_in = answer(
        url,
        "POST",
        "/admin/login",
        &[("content-type", FORM)],
        &form,
    );
    let cookie = logged_in.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let fleet = answer(url, "GET", "/admin", &[("cookie", &cookie)], "");
    assert_eq!(fleet.status, 200);
    assert!(
        fleet.body.contains("us-central1-a/flaskscale"),
        "{}",
        fleet.body
    );
    assert!(first.end().success());

    // The password is told once, and holds.
    let second = Up::start(&mut console(directory.path(), api));
    assert_eq!(second.said("password"), None);
    let url = second.said("console").unwrap();
    let logged_in = answer(
        url,
        "POST",
        "/admin/login",
        &[("content-type", FORM)],
        &form,
    );
    assert!(logged_in.header("set-cookie").is_some());
    assert!(second.end().success());
    assert!(cloud.end().success());
}

#[test]
fn whoever_names_no_cloud_is_told_how_to() {
    let directory = tempfile::tempdir().unwrap();
    let ended = run(&mut console(directory.path(), ""));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("project is missing"),
        "{}",
        ended.stderr
    );
    std::fs::write(directory.path().join("flaskscale.toml"), "name = 7\n").unwrap();
    let ended = run(&mut console(directory.path(), ""));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("line 1, column 8: name is 7"),
        "{}",
        ended.stderr
    );
}
