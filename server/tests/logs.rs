//! What an instance writes into Cloud Logging.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs::File, process::Stdio};

use serde_json::Value;
use support::{FORM, Instance, PASSWORD, flaskscale, refuses};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// An instance as on one of Google's machines, and what it has logged once it has ended.
struct Logged {
    instance: Instance,
    log: tempfile::NamedTempFile,
}

impl Logged {
    fn start() -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let stdout = File::create(log.path()).unwrap();
        let instance = Instance::start_with(|command| {
            command
                .envs([
                    ("FLASKSCALE_LOG_FORMAT", "json"),
                    ("FLASKSCALE_PROXY", "google"),
                    ("GOOGLE_CLOUD_PROJECT", "my-project"),
                ])
                .stdout(Stdio::from(stdout));
        });
        Self { instance, log }
    }

    fn end(mut self) -> (String, Vec<Value>) {
        self.instance.running.signal("-TERM");
        assert!(self.instance.running.ended().success());
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines = lines.collect();
        (text, lines)
    }
}

#[test]
fn a_request_is_logged_as_google_reads_it_with_its_trace() {
    let logged = Logged::start();
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    logged.instance.ask(
        "GET",
        "/no/such/page?token=hunter2",
        &[
            ("traceparent", &traceparent),
            ("x-forwarded-for", "203.0.113.7, 35.191.0.1"),
            ("x-forwarded-proto", "https"),
            ("host", "shop.example"),
            ("user-agent", "a test"),
        ],
        "",
    );
    let (_, lines) = logged.end();
    let line = lines
        .iter()
        .find(|line| line["logging.googleapis.com/trace"].is_string())
        .unwrap();
    assert_eq!(
        line["logging.googleapis.com/trace"],
        format!("projects/my-project/traces/{TRACE}")
    );
    assert_eq!(line["logging.googleapis.com/spanId"], "00f067aa0ba902b7");
    assert_eq!(line["logging.googleapis.com/trace_sampled"], true);
    assert_eq!(line["severity"], "WARNING");
    assert_eq!(line["message"], "GET /no/such/page 404");
    let request = &line["httpRequest"];
    assert_eq!(request["requestMethod"], "GET");
    assert_eq!(request["requestUrl"], "https://shop.example/no/such/page");
    assert_eq!(request["status"], 404);
    assert_eq!(request["remoteIp"], "203.0.113.7");
    assert_eq!(request["userAgent"], "a test");
    assert_eq!(request["protocol"], "HTTP/1.1");
    let latency = request["latency"].as_str().unwrap();
    let seconds: f64 = latency.strip_suffix('s').unwrap().parse().unwrap();
    assert!(seconds > 0.0, "{latency}");
    let size = request["responseSize"].as_str().unwrap();
    assert!(size.parse::<u64>().unwrap() > 0, "{size}");
}

#[test]
fn every_line_says_when_how_severe_and_where() {
    let (_, lines) = Logged::start().end();
    for message in ["serving", "draining"] {
        let line = lines.iter().find(|line| line["message"] == message);
        assert_eq!(line.unwrap()["severity"], "INFO");
    }
    for line in &lines {
        assert!(line["severity"].is_string(), "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        let source = &line["logging.googleapis.com/sourceLocation"];
        assert!(source["file"].is_string(), "{line}");
        assert!(
            source["line"].as_str().unwrap().parse::<u32>().is_ok(),
            "{line}"
        );
    }
}

#[test]
fn no_secret_reaches_the_log() {
    let logged = Logged::start();
    let form = format!("user=admin&password={}", PASSWORD.replace(' ', "+"));
    let secure = ("x-forwarded-proto", "https");
    let answer = logged
        .instance
        .ask("POST", "/admin/login", &[FORM, secure], &form);
    let cookie = answer.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let headers = [
        ("cookie", cookie.as_str()),
        secure,
        ("authorization", "Bearer letmein"),
    ];
    logged
        .instance
        .ask("GET", "/admin?token=hunter2", &headers, "");
    logged.instance.ask(
        "GET",
        "/metrics",
        &[("authorization", "Bearer letmein")],
        "",
    );
    let (text, lines) = logged.end();
    let asked = |url: &str| {
        lines.iter().any(|line| {
            line["httpRequest"]["requestUrl"]
                .as_str()
                .is_some_and(|found| found.ends_with(url))
        })
    };
    assert!(
        asked("/admin/login") && asked("/admin") && asked("/metrics"),
        "{text}"
    );
    let session = cookie.split_once('=').unwrap().1;
    for secret in [
        PASSWORD,
        &PASSWORD.replace(' ', "+"),
        "hunter2",
        "letmein",
        session,
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn on_a_laptop_the_log_is_text() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let stderr = File::create(log.path()).unwrap();
    let mut instance = Instance::start_with(|command| {
        command.stderr(Stdio::from(stderr));
    });
    instance.get("/");
    instance.running.signal("-TERM");
    assert!(instance.running.ended().success());
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(text.contains("INFO") && text.contains("serving"), "{text}");
    assert!(!text.contains('{') && !text.contains("GET /"), "{text}");
    refuses(
        flaskscale()
            .args(["serve", "--cloud", "none", "--port", "0"])
            .env("FLASKSCALE_LOG_FORMAT", "xml"),
        "FLASKSCALE_LOG_FORMAT",
    );
}
