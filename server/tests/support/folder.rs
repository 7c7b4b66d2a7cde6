//! An app's folder, and the commands that are run in it.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use serde_json::Value;

use super::{Ended, ask, flaskscale, get, run, time_series};

/// A folder with an app, and the cloud that it goes to.
pub struct Folder<'a> {
    pub path: &'a Path,
    pub api: String,
}

impl Folder<'_> {
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = flaskscale();
        command
            .args(words)
            .current_dir(self.path)
            .env("FLASKSCALE_API", &self.api);
        let password = self.path.join("../password");
        if password.exists() {
            command.env("FLASKSCALE_ADMIN_PASSWORD_FILE", password);
        }
        if let Ok(registry) = fs::read_to_string(self.path.join("../registry")) {
            command.env("FLASKSCALE_REGISTRY", registry);
        }
        command
    }

    /// A command that must succeed.
    pub fn does(&self, words: &[&str]) -> String {
        let Ended {
            code,
            stdout,
            stderr,
        } = run(&mut self.command(words));
        assert_eq!(code, Some(0), "{words:?}: {stdout}{stderr}");
        stdout
    }

    /// `init` for tests that name ready images: nothing is built.
    pub fn init(&self) -> String {
        let said = self.does(&["init"]);
        let path = self.path.join("flaskscale.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("\ndockerfile = ", "\n# dockerfile = ");
        fs::write(path, text).unwrap();
        said
    }

    /// `init` for an app that is told `GREETING`.
    pub fn init_with_greeting(&self) {
        self.does(&["init"]);
        self.edit(
            "[app.environment]",
            "[app.environment]\nGREETING = \"hello\"",
        );
    }

    /// A plan's lines with one of these signs.
    pub fn plan(&self, words: &[&str], signs: &str) -> Vec<String> {
        let stdout = self.does(&[&["deploy", "--plan"], words].concat());
        let is_wanted = |line: &&str| line.chars().next().is_some_and(|sign| signs.contains(sign));
        stdout
            .lines()
            .filter(is_wanted)
            .map(str::to_owned)
            .collect()
    }

    /// A command that must be refused with exit code 2, whatever it shows before.
    pub fn refuses(&self, words: &[&str], expected: &str) {
        let ended = run(&mut self.command(words));
        assert_eq!(ended.code, Some(2), "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }

    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path.join("flaskscale.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Each version's sign and image, newest first.
    pub fn versions(&self) -> Vec<String> {
        let stdout = self.does(&["versions"]);
        let line = |line: &str| {
            let image = line.rsplit(' ').next().unwrap();
            format!("{} {image}", &line[..1])
        };
        stdout.lines().map(line).collect()
    }

    pub fn post(&self, path: &str, body: &str) -> Value {
        let headers = [("content-type", "application/json")];
        let answer = ask(self.address(), "POST", path, &headers, body).unwrap();
        assert!(answer.status < 300, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    pub fn address(&self) -> SocketAddr {
        self.api.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// What the cloud answers below the project, and with which status.
    pub fn read(&self, path: &str) -> (u16, Value) {
        let path = format!("/v1/projects/flaskscale-local/{path}");
        let answer = get(self.address(), &path).unwrap();
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    /// The time series of a filter, with all their points.
    pub fn time_series(&self, filter: &str) -> Vec<Value> {
        time_series(self.address(), filter)
    }

    /// The project's policy, with its conditions.
    pub fn policy(&self) -> Value {
        let path = "/v3/projects/flaskscale-local:getIamPolicy";
        self.post(path, r#"{"options": {"requestedPolicyVersion": 3}}"#)
    }

    /// A list of the cloud's, as it is.
    pub fn list(&self, path: &str) -> Vec<Value> {
        let path = format!("/compute/v1/projects/flaskscale-local/{path}");
        let answer = get(self.address(), &path).unwrap();
        let list: Value = serde_json::from_str(&answer.body).unwrap();
        list["items"].as_array().cloned().unwrap_or_default()
    }
}

/// Where a deployment is reached, as `deploy` says.
pub fn site_of(shown: &str) -> SocketAddr {
    let site = shown.lines().find_map(|line| line.strip_prefix("address "));
    site.unwrap().parse().unwrap()
}
