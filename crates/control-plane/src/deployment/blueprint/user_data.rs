//! What an instance does when it boots: cloud-init's `user-data` for Container-Optimized OS.
//!
//! The text depends on nothing but its arguments, since its hash is part of the template's name. It
//! holds no secret: whoever may look at the instance can read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::configuration::{App, Console};

/// What an instance is told to do.
#[derive(Debug)]
pub(super) struct Instructions<'a> {
    pub(super) project: &'a str,
    /// The app's image, to the version.
    pub(super) image: &'a str,
    pub(super) app: &'a App,
    /// The console beside it, with its image to the version.
    pub(super) console: Option<&'a Console>,
    /// The names of what that one shares with its like, by variable.
    pub(super) console_secrets: &'a BTreeMap<String, String>,
}

/// The files of an instance are gone with each boot, so all is written again by cloud-init.
pub(super) fn user_data(instructions: &Instructions<'_>) -> String {
    let Instructions {
        image,
        app,
        console,
        console_secrets,
        ..
    } = instructions;
    let mut text = String::from("#cloud-config\nwrite_files:\n");
    let mut file = |path: &str, mode, content: &str| file(&mut text, path, mode, content);
    file("/etc/flaskscale/app.env", "0600", &environment(app));
    file("/etc/flaskscale/secret", "0700", SECRET);
    let unit_of = |name: &str| format!("/etc/systemd/system/flaskscale-{name}.service");
    file(&unit_of("prepare"), "0644", &prepare(instructions));
    file(&unit_of("app"), "0644", &app_unit(app, image));
    let mut units = "flaskscale-prepare.service, flaskscale-app.service".to_owned();
    if let Some(console) = console {
        let environment = console_environment(console, console_secrets);
        file("/etc/flaskscale/console.env", "0600", &environment);
        file(&unit_of("console"), "0644", &console_unit(console));
        units.push_str(", flaskscale-console.service");
    }
    let _ = writeln!(
        text,
        "runcmd:\n  - [systemctl, daemon-reload]\n  - [systemctl, --no-block, start, {units}]"
    );
    text
}

fn file(text: &mut String, path: &str, mode: &str, content: &str) {
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "  - path: {path}\n    permissions: \"{mode}\"\n    content: |\n"
    );
    for line in content.lines() {
        let _ = writeln!(text, "      {line}");
    }
}

/// A line for each variable, its value to the end of the line.
fn environment(app: &App) -> String {
    let ours = [
        ("PORT", app.port.to_string()),
        ("FLASKSCALE_PROXY", "google".to_owned()),
    ];
    let ours = ours.map(|(name, value)| (name.to_owned(), value));
    lines(ours.into_iter().chain(app.environment.clone()))
}

fn console_environment(console: &Console, secrets: &BTreeMap<String, String>) -> String {
    let ours = [
        ("PORT", console.port.to_string()),
        ("FLASKSCALE_PROXY", "google".to_owned()),
        // It answers to no other name, under which the app's pages could reach it.
        ("FLASKSCALE_CONSOLE_HOST", console.domain.clone()),
    ];
    let ours = ours.map(|(name, value)| (name.to_owned(), value));
    lines(ours.into_iter().chain(secrets.clone()))
}

fn lines(variables: impl Iterator<Item = (String, String)>) -> String {
    variables.fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "{name}={value}");
        lines
    })
}

/// Fetches a secret with the instance's own identity. The token goes to curl through its standard
/// input, since arguments can be read by everybody on the machine.
const SECRET: &str = r#"#!/bin/bash
# secret PROJECT SECRET VERSION VARIABLE FILE: appends VARIABLE=value to FILE
set -euo pipefail
umask 077
metadata=http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token
token=$(curl -fsS --retry 5 --max-time 10 -H 'Metadata-Flavor: Google' "$metadata" |
  sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
value=$(printf 'Authorization: Bearer %s\n' "$token" |
  curl -fsS --retry 5 --max-time 15 -H @- \
    "https://secretmanager.googleapis.com/v1/projects/$1/secrets/$2/versions/$3:access" |
  tr -d '\n ' | sed -n 's/.*"data":"\([^"]*\)".*/\1/p' | base64 -d)
case $value in *$'\n'*) echo "the secret $2 has more than one line" >&2; exit 1 ;; esac
printf '%s=%s\n' "$4" "$value" >> "$5"
"#;

/// Runs before the app, and again until it succeeds: a new account's permissions take minutes to
/// arrive. The app wants it and does not require it, since a requirement that fails once is not
/// tried again; without the secrets' file the app's own start fails, and is repeated.
fn prepare(instructions: &Instructions<'_>) -> String {
    let Instructions {
        project,
        image,
        app,
        console,
        ..
    } = instructions;
    let mut unit = String::from(
        "[Unit]\n\
         Wants=network-online.target gcr-online.target\n\
         After=network-online.target gcr-online.target\n\
         StartLimitIntervalSec=0\n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         TimeoutStartSec=120\n\
         Environment=HOME=/home/flaskscale\n\
         RuntimeDirectory=flaskscale\n\
         RuntimeDirectoryMode=0700\n\
         RuntimeDirectoryPreserve=yes\n\
         ExecStartPre=/bin/mkdir -p /home/flaskscale\n\
         ExecStartPre=/bin/rm -f /run/flaskscale/secrets.part\n\
         ExecStartPre=/bin/touch /run/flaskscale/secrets.part\n",
    );
    let images = std::iter::once(*image).chain(console.map(|console| &*console.image));
    let registries: BTreeSet<&str> = images.filter_map(googles_registry).collect();
    if !registries.is_empty() {
        let registries: Vec<&str> = registries.into_iter().collect();
        let _ = writeln!(
            unit,
            "ExecStart=/usr/bin/docker-credential-gcr configure-docker --registries={}",
            registries.join(",")
        );
    }
    for (variable, secret) in &app.secrets {
        let _ = writeln!(
            unit,
            "ExecStart=/bin/bash /etc/flaskscale/secret {project} {} {} {variable} /run/flaskscale/secrets.part",
            secret.name, secret.version
        );
    }
    unit.push_str("ExecStart=/bin/mv /run/flaskscale/secrets.part /run/flaskscale/secrets.env\n");
    unit
}

/// The registry of an image if it is one of Google's, which want the instance's identity.
pub fn googles_registry(image: &str) -> Option<&str> {
    let (registry, _) = image.split_once('/')?;
    let is_googles =
        registry == "gcr.io" || registry.ends_with(".gcr.io") || registry.ends_with(".pkg.dev");
    is_googles.then_some(registry)
}

/// The container, from SIGTERM to SIGKILL within the time that the configuration says.
fn app_unit(app: &App, image: &str) -> String {
    let (port, stop) = (app.port, app.stop_s);
    let stop_unit = stop + 10;
    format!(
        "[Unit]\n\
         Requires=docker.service\n\
         Wants=flaskscale-prepare.service\n\
         After=docker.service flaskscale-prepare.service\n\
         StartLimitIntervalSec=0\n\
         [Service]\n\
         Environment=HOME=/home/flaskscale\n\
         Environment=IMAGE={image}\n\
         ExecStartPre=-/usr/bin/docker rm -f app\n\
         ExecStartPre=/usr/bin/docker pull ${{IMAGE}}\n\
         ExecStart=/usr/bin/docker run --rm --name=app --publish={port}:{port} \
         --env-file=/etc/flaskscale/app.env --env-file=/run/flaskscale/secrets.env \
         --security-opt=no-new-privileges ${{IMAGE}}\n\
         ExecStop=/usr/bin/docker stop --time={stop} app\n\
         Restart=always\n\
         RestartSec=5\n\
         TimeoutStartSec=300\n\
         TimeoutStopSec={stop_unit}\n"
    )
}

/// FlaskScale ends within this time.
const CONSOLE_STOPS_S: u32 = 20;

/// The console beside it. It wants the registry's credentials and none of the app's secrets, may do
/// nothing that needs a capability, and cannot take the app's memory.
fn console_unit(console: &Console) -> String {
    let Console { image, port, .. } = console;
    let (stop, stop_unit) = (CONSOLE_STOPS_S, CONSOLE_STOPS_S + 10);
    format!(
        "[Unit]\n\
         Requires=docker.service\n\
         Wants=flaskscale-prepare.service\n\
         After=docker.service flaskscale-prepare.service\n\
         StartLimitIntervalSec=0\n\
         [Service]\n\
         Environment=HOME=/home/flaskscale\n\
         Environment=IMAGE={image}\n\
         ExecStartPre=-/usr/bin/docker rm -f console\n\
         ExecStartPre=/usr/bin/docker pull ${{IMAGE}}\n\
         ExecStart=/usr/bin/docker run --rm --name=console --publish={port}:{port} \
         --env-file=/etc/flaskscale/console.env --memory=256m --cap-drop=ALL \
         --security-opt=no-new-privileges ${{IMAGE}}\n\
         ExecStop=/usr/bin/docker stop --time={stop} console\n\
         Restart=always\n\
         RestartSec=5\n\
         TimeoutStartSec=300\n\
         TimeoutStopSec={stop_unit}\n"
    )
}

#[cfg(test)]
mod tests;
