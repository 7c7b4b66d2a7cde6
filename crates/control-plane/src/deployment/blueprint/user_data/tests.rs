#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::*;
use crate::configuration::Configuration;

const IMAGE: &str = "us-central1-docker.pkg.dev/my-project/web/app@sha256:00ff";

fn text() -> String {
    let file = r#"
        name = "web"
        regions = ["us-central1"]
        [app]
        port = 8000
        stop_seconds = 20
        [app.environment]
        GREETING = "a: 'b' \"c\" # no comment, 100% $HOME"
        [app.secrets]
        DATABASE_URL = "database-url/3"
        [console]
        image = "eu.gcr.io/my-project/flaskscale@sha256:11ee"
        [site]
        domain = "app.example.com"
    "#;
    let configuration = Configuration::read(file).unwrap();
    user_data(&Instructions {
        console: configuration.console.as_ref(),
        console_secrets: &BTreeMap::from([("KEY_SECRET".to_owned(), "secrets/key".to_owned())]),
        ..instructions(&configuration.app, "my-project", IMAGE)
    })
}

/// Of an app without a console beside it.
fn instructions<'a>(app: &'a App, project: &'a str, image: &'a str) -> Instructions<'a> {
    const NO_SECRETS: &BTreeMap<String, String> = &BTreeMap::new();
    Instructions {
        project,
        image,
        app,
        console: None,
        console_secrets: NO_SECRETS,
    }
}

/// The files by path, each with its mode.
fn files(text: &str) -> BTreeMap<String, (String, String)> {
    let documents = Yaml::load_from_str(text).unwrap();
    let [document] = &documents[..] else {
        panic!("one document: {documents:?}");
    };
    // cloud-init passes over a top-level key that it does not know.
    let keys: Vec<&str> = document
        .as_mapping()
        .unwrap()
        .keys()
        .map(|key| key.as_str().unwrap())
        .collect();
    assert_eq!(keys, ["write_files", "runcmd"]);
    let files = document["write_files"].as_sequence().unwrap().iter();
    files
        .map(|file| {
            let field = |name: &str| file[name].as_str().unwrap().to_owned();
            (field("path"), (field("permissions"), field("content")))
        })
        .collect()
}

#[test]
fn it_is_a_cloud_config_whose_values_arrive_as_they_were_written() {
    let text = text();
    assert!(text.starts_with("#cloud-config\n"));
    let files = files(&text);
    let (mode, environment) = &files["/etc/flaskscale/app.env"];
    assert_eq!(mode, "0600");
    assert_eq!(
        environment,
        "PORT=8000\nFLASKSCALE_PROXY=google\nGREETING=a: 'b' \"c\" # no comment, 100% $HOME\n"
    );
    let (_, app) = &files["/etc/systemd/system/flaskscale-app.service"];
    assert!(app.contains(&format!("Environment=IMAGE={IMAGE}\n")));
    assert!(app.contains("docker stop --time=20 app\n") && app.contains("TimeoutStopSec=30\n"));
    let (_, prepare) = &files["/etc/systemd/system/flaskscale-prepare.service"];
    assert!(prepare.contains("--registries=eu.gcr.io,us-central1-docker.pkg.dev\n"));
    assert!(prepare.contains("secret my-project database-url 3 DATABASE_URL /run"));
}

#[test]
fn the_console_beside_it_has_its_own_name_port_and_secrets_and_none_of_the_apps() {
    let files = files(&text());
    let (mode, environment) = &files["/etc/flaskscale/console.env"];
    assert_eq!(mode, "0600");
    assert_eq!(
        environment,
        "PORT=5001\nFLASKSCALE_PROXY=google\nFLASKSCALE_CONSOLE_HOST=console.app.example.com\n\
         KEY_SECRET=secrets/key\n"
    );
    let (_, unit) = &files["/etc/systemd/system/flaskscale-console.service"];
    assert!(unit.contains("Environment=IMAGE=eu.gcr.io/my-project/flaskscale@sha256:11ee\n"));
    assert!(unit.contains("--publish=5001:5001 --env-file=/etc/flaskscale/console.env "));
    assert!(!unit.contains("/run/flaskscale/secrets.env"), "{unit}");
    let (_, app) = &files["/etc/systemd/system/flaskscale-app.service"];
    assert!(!app.contains("console"), "{app}");
}

#[test]
fn an_image_of_another_registry_needs_no_identity() {
    let file = "name = \"web\"\nregions = [\"us-central1\"]\n";
    let app = Configuration::read(file).unwrap().app;
    let told = |image| user_data(&instructions(&app, "p", image));
    let text = told("docker.io/library/nginx:1");
    assert!(!text.contains("console"), "{text}");
    assert!(!text.contains("docker-credential-gcr") && !text.contains("/secret p"));
    // The identity goes to no registry that only ends like one of Google's.
    let text = told("evilgcr.io/app:1");
    assert!(!text.contains("docker-credential-gcr"));
    let text = told("eu.gcr.io/p/app:1");
    assert!(text.contains("docker-credential-gcr"));
}

#[test]
fn cloud_inits_own_schema_accepts_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("user-data.yaml");
    fs::write(&file, text()).unwrap();
    let mut check = Command::new("cloud-init");
    check.args(["schema", "--config-file"]).arg(&file);
    passes(&mut check);
}

#[test]
fn systemd_itself_accepts_the_units() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str, mode: u32| {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (path, (_, content)) in files(&text()) {
        write(&path, &content, 0o644);
    }
    for program in [
        "usr/bin/docker",
        "usr/bin/docker-credential-gcr",
        "bin/bash",
        "bin/mkdir",
        "bin/rm",
        "bin/touch",
        "bin/mv",
    ] {
        write(program, "", 0o755);
    }
    for unit in [
        "docker.service",
        "gcr-online.target",
        "network-online.target",
    ] {
        let section = if unit.contains("service") {
            "[Service]\nExecStart=/bin/bash\n"
        } else {
            "[Unit]\n"
        };
        write(&format!("etc/systemd/system/{unit}"), section, 0o644);
    }
    let mut check = Command::new("systemd-analyze");
    check
        .arg("verify")
        .arg(format!("--root={}", root.path().display()))
        .args([
            "--man=no",
            "--recursive-errors=no",
            "flaskscale-prepare.service",
            "flaskscale-app.service",
            "flaskscale-console.service",
        ]);
    passes(&mut check);
}

#[test]
fn the_script_appends_a_secret_and_refuses_one_of_several_lines() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("secret");
    fs::write(&script, &files(&text())["/etc/flaskscale/secret"].1).unwrap();
    // Answers as Google's two servers do: "s3=cr\"et" once, two lines the other time.
    let curl = "#!/bin/bash\ncase \"$*\" in\n*token*) echo '{\"access_token\": \"t0ken\"}' ;;\n*one*) cat >&2; printf '{\\n \"payload\": {\"data\": \"%s\"}}' \"$(printf 's3=cr\"et' | base64)\" ;;\n*) cat >&2; printf '{\"payload\":{\"data\":\"%s\"}}' \"$(printf 'a\\nb' | base64)\" ;;\nesac\n";
    let stub = directory.path().join("curl");
    fs::write(&stub, curl).unwrap();
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
    let out = directory.path().join("out");
    let run = |secret: &str| {
        let path = format!(
            "{}:{}",
            directory.path().display(),
            std::env::var("PATH").unwrap()
        );
        let mut bash = Command::new("bash");
        bash.arg(&script)
            .args(["p", secret, "3", "NAME"])
            .arg(&out)
            .env("PATH", path);
        bash.output().unwrap()
    };
    let output = run("one");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Authorization: Bearer t0ken"));
    assert_eq!(fs::read_to_string(&out).unwrap(), "NAME=s3=cr\"et\n");
    assert_eq!(mode(&out), 0o600);
    let output = run("two");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("more than one line"));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a check by a program that not every machine has.
fn passes(check: &mut Command) {
    match check.output() {
        Ok(output) => assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => eprintln!("skipped: {:?} cannot be run: {error}", check.get_program()),
    }
}
