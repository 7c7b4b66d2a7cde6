//! The real program, started on free ports and ended with the test.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    unreachable_pub,
    reason = "every test file that uses it is a crate of its own"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

pub mod folder;
pub mod registry;
pub mod up;
pub mod visitors;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Against hangs only; nothing is expected to take this long.
pub const HANG_GUARD: Duration = Duration::from_mins(2);

/// Repeats a look until it finds something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + HANG_GUARD;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// `flaskscale` with an environment that holds nothing of the tester's.
pub fn flaskscale() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flaskscale"));
    for (name, _) in std::env::vars() {
        if name == "PORT"
            || name.starts_with("FLASKSCALE_")
            || name.starts_with("LEPTOS_")
            || name.starts_with("GCE_")
        {
            command.env_remove(name);
        }
    }
    command
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// What a command that ended has to say.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Checks that a command refused with exit code 2 and one line that names `word`.
pub fn refuses(command: &mut Command, word: &str) {
    let ended = run(command);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains(word),
        "{} does not name {word}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "");
}

/// A program that runs in the background.
pub struct Running {
    pub child: Child,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self {
            child: command.spawn().unwrap(),
        }
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    pub fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        until("the end of the program", || child.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One instance without a cloud, with secrets in a directory of its own.
pub struct Instance {
    pub running: Running,
    pub address: SocketAddr,
    pub directory: tempfile::TempDir,
}

pub const PASSWORD: &str = "a password for tests";

impl Instance {
    /// Starts it and waits until it is healthy.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_in("none", change)
    }

    /// In this cloud, as `--cloud` names it.
    pub fn start_in(cloud: &str, change: impl FnOnce(&mut Command)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secrets = directory.path().join("secrets.json");
        set_password(&secrets, PASSWORD);
        let port = free_port();
        let mut command = flaskscale();
        command
            .args(["serve", "--cloud", cloud, "--port", &port.to_string()])
            .env("FLASKSCALE_SECRETS_FILE", &secrets)
            .stderr(Stdio::null());
        change(&mut command);
        let running = Running::start(&mut command);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        until("a healthy instance", || {
            get(address, "/health").filter(|answer| answer.status == 200)
        });
        Self {
            running,
            address,
            directory,
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        get(self.address, path).expect("an answer")
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address, method, path, headers, body).expect("an answer")
    }

    /// Logs in and gives the `Cookie` header.
    pub fn log_in(&self, password: &str) -> Option<String> {
        log_in(self.address, password)
    }
}

/// Runs `flaskscale password` with a password on its standard input.
pub fn set_password(secrets: &Path, password: &str) {
    let mut command = flaskscale();
    command
        .arg("password")
        .env("FLASKSCALE_SECRETS_FILE", secrets)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{password}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

pub fn log_in(address: SocketAddr, password: &str) -> Option<String> {
    let form = format!("user=admin&password={}", password.replace(' ', "+"));
    let answer = ask(address, "POST", "/admin/login", &[FORM], &form).expect("an answer");
    assert_eq!(answer.status, 303);
    let cookie = answer.header("set-cookie")?;
    Some(cookie.split(';').next().unwrap().to_owned())
}

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

pub fn get(address: SocketAddr, path: &str) -> Option<Answer> {
    ask(address, "GET", path, &[], "")
}

/// The time series of a filter in the local cloud at this address, with all their points.
pub fn time_series(api: SocketAddr, filter: &str) -> Vec<serde_json::Value> {
    let all = [
        ("interval.startTime", "2000-01-01T00:00:00Z"),
        ("interval.endTime", "2100-01-01T00:00:00Z"),
        ("filter", filter),
    ];
    let query = serde_urlencoded::to_string(all).unwrap();
    let path = format!("/v3/projects/flaskscale-local/timeSeries?{query}");
    let answer = get(api, &path).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    answer["timeSeries"].as_array().cloned().unwrap_or_default()
}

/// One request on a connection of its own; `None` if nobody answers.
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(HANG_GUARD)).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request.extend(["host: ", &address.to_string(), "\r\n"]);
    }
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() || method == "POST" {
        request.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    stream
        .write_all(format!("{request}\r\n{body}").as_bytes())
        .ok()?;
    read_answer(&mut stream)
}

/// Reads until the other end closes.
pub fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Answer {
        status,
        headers,
        body: body.to_owned(),
    })
}

/// A real `flaskscale up`.
pub struct LocalCloud {
    pub running: Running,
    pub site: SocketAddr,
    pub console: String,
    pub api: SocketAddr,
    pub password: Option<String>,
}

impl LocalCloud {
    pub fn start(state: &Path) -> Self {
        Self::start_with(state, &[])
    }

    /// Starts it and waits for `ready`.
    pub fn start_with(state: &Path, command: &[&str]) -> Self {
        let mut up = up(state);
        up.args(["--speed", "20"]);
        if !command.is_empty() {
            up.arg("--").args(command);
        }
        let mut running = Running::start(up.stdout(Stdio::piped()).stderr(Stdio::inherit()));
        let lines = lines_until_ready(&mut running);
        let value = |word: &str| {
            let line = lines
                .iter()
                .find(|line| line.starts_with(&format!("{word} ")));
            line.map(|line| line[word.len() + 1..].to_owned())
        };
        let address = |url: String| url.trim_start_matches("http://").parse().unwrap();
        Self {
            site: address(value("site").unwrap()),
            console: value("console").unwrap(),
            api: address(value("api").unwrap()),
            password: value("password"),
            running,
        }
    }

    /// The instances as the emulator shows them to people and tests.
    pub fn instances(&self) -> Vec<serde_json::Value> {
        let answer = get(self.api, "/_emulator/instances").expect("an answer");
        let found: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        found["instances"]
            .as_array()
            .unwrap_or_else(|| found.as_array().unwrap())
            .clone()
    }

    pub fn api_json(&self, path: &str) -> serde_json::Value {
        let path = format!("/compute/v1/projects/flaskscale-local/{path}");
        serde_json::from_str(&get(self.api, &path).expect("an answer").body).unwrap()
    }

    /// Ends it as Ctrl-C does.
    pub fn stop(mut self) {
        self.running.signal("-INT");
        assert!(self.running.ended().success());
    }
}

/// `up` on free ports and a state directory of its own.
pub fn up(state: &Path) -> Command {
    let mut command = flaskscale();
    command
        .args(["up", "--site-port", "0", "--api-port", "0", "--state-dir"])
        .arg(state);
    command
}

fn lines_until_ready(running: &mut Running) -> Vec<String> {
    let stdout = running.child.stdout.take().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut lines = Vec::new();
    loop {
        let line = receiver
            .recv_timeout(HANG_GUARD)
            .expect("`up` ends or hangs before it is ready");
        if line == "ready" {
            return lines;
        }
        lines.push(line);
    }
}

/// Processes whose environment names this state directory, or whose command line does.
pub fn processes_of(marker: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let text = [read("environ"), read("cmdline")].concat();
        let alive = !String::from_utf8_lossy(&read("stat")).contains(") Z ");
        if pid != std::process::id() && alive && String::from_utf8_lossy(&text).contains(marker) {
            found.push(pid);
        }
    }
    found
}
