//! A running `flaskscale up`.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use super::{Answer, Running, flaskscale, get};

/// The local cloud and what it printed.
pub struct Up {
    running: Running,
    lines: Vec<String>,
}

impl Up {
    /// Starts it and waits for `ready`.
    pub fn start(command: &mut Command) -> Self {
        let mut running = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::inherit()));
        let output = BufReader::new(running.child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in output.lines() {
            lines.push(line.unwrap());
            if lines.last().is_some_and(|line| line == "ready") {
                return Self { running, lines };
            }
        }
        panic!("it ended before it was ready: {:?}", running.ended());
    }

    /// The command of a fast one on free ports, with its state below a directory.
    pub fn fast(directory: &Path) -> Command {
        let mut up = flaskscale();
        up.args(["up", "--site-port", "0", "--api-port", "0", "--speed", "60"]);
        up.arg("--state-dir").arg(directory.join("state"));
        up
    }

    /// The command of such a one for the file of an app's folder.
    pub fn of_file(directory: &Path, app: &Path) -> Command {
        let mut up = Self::fast(directory);
        up.args(["--config", "flaskscale.toml"]).current_dir(app);
        up
    }

    /// What stands behind a word of its output.
    pub fn said(&self, word: &str) -> Option<&str> {
        self.lines
            .iter()
            .find_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
    }

    /// An answer of the balancer.
    pub fn get(&self, path: &str) -> Answer {
        get(self.address("site"), path).unwrap()
    }

    /// The process ids of the instances.
    pub fn instances(&self) -> Vec<u64> {
        let answer = get(self.address("api"), "/_emulator/instances").unwrap();
        let instances: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
        let pid = |instance: &serde_json::Value| instance["pid"].as_u64().unwrap();
        instances.iter().map(pid).collect()
    }

    /// Ends it as Ctrl-C does.
    pub fn end(mut self) -> ExitStatus {
        self.running.signal("-INT");
        self.running.ended()
    }

    fn address(&self, word: &str) -> SocketAddr {
        let url = self.said(word).unwrap();
        url.strip_prefix("http://").unwrap().parse().unwrap()
    }
}
