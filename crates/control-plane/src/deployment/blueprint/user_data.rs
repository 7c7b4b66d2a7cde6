//! What an instance does when it boots: cloud-init's `user-data` for Container-Optimized OS.
//!
//! The text depends on nothing but its arguments, since its hash is part of the template's name. It
//! holds no secret: whoever may look at the instance can read it.

use std::fmt::Write as _;

use crate::configuration::App;

/// The files of an instance are gone with each boot, so all is written again by cloud-init.
pub(super) fn user_data(app: &App, project: &str, image: &str) -> String {
    let mut text = String::from("#cloud-config\nwrite_files:\n");
    file(
        &mut text,
        "/etc/flaskscale/app.env",
        "0600",
        &environment(app),
    );
    file(&mut text, "/etc/flaskscale/secret", "0700", SECRET);
    let prepare = prepare(app, project, image);
    file(
        &mut text,
        "/etc/systemd/system/flaskscale-prepare.service",
        "0644",
        &prepare,
    );
    file(
        &mut text,
        "/etc/systemd/system/flaskscale-app.service",
        "0644",
        &unit(app, image),
    );
    text.push_str(
        "runcmd:\n  - [systemctl, daemon-reload]\n  - [systemctl, --no-block, start, flaskscale-prepare.service, flaskscale-app.service]\n",
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
    let all = ours.into_iter().chain(app.environment.clone());
    all.fold(String::new(), |mut lines, (name, value)| {
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
fn prepare(app: &App, project: &str, image: &str) -> String {
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
    if let Some(registry) = googles_registry(image) {
        let _ = writeln!(
            unit,
            "ExecStart=/usr/bin/docker-credential-gcr configure-docker --registries={registry}"
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
fn unit(app: &App, image: &str) -> String {
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

#[cfg(test)]
mod tests;
