//! A local cloud on free ports, and a plain HTTP client.

use std::{path::Path, sync::Mutex, time::Duration};

use gce_emulator::{Conditions, Config, Emulator, Workload};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_emulator-test-instance");

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_mins(2);

pub(crate) const ZONE: &str = "us-central1-a";

pub(crate) struct Cloud {
    pub(crate) emulator: Emulator,
    pub(crate) dir: TempDir,
    http: reqwest::Client,
}

pub(crate) fn config(dir: &Path) -> Config {
    let program = |words: &[&str]| {
        std::iter::once(PROGRAM)
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect()
    };
    Config {
        state_dir: dir.to_owned(),
        project: "demo".to_owned(),
        api_port: 0,
        site_rule: Some(("web".to_owned(), 0)),
        speed: 60,
        slow_operations: false,
        metrics_late: false,
        reset_state: false,
        workload: Workload {
            command: program(&["serve"]),
            own: true,
            ..Workload::default()
        },
        supervisor: program(&["supervise"]),
        burner: program(&["burn"]),
        conditions: Conditions::default(),
    }
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        adjust(&mut config);
        let emulator = Emulator::start(config).await.unwrap();
        Self {
            emulator,
            dir,
            http: crate::http::client(),
        }
    }

    /// Ends the cloud in order and starts it again on the same state.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            emulator,
            dir,
            http,
        } = self;
        emulator.shutdown().await;
        let emulator = Emulator::start(config(dir.path())).await.unwrap();
        Self {
            emulator,
            dir,
            http,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.emulator.api_addr())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Any call below the project: status and body.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.request(method, &format!("/compute/v1/projects/demo/{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.good(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.good(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.good(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.good(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.good(Method::DELETE, path, None).await
    }

    async fn good(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// A call that must be refused: its reason and message.
    pub(crate) async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> (String, String) {
        let (got, answer) = self.call(method, path, body).await;
        assert_eq!(got.as_u16(), status, "{path}: {answer}");
        let error = &answer["error"];
        assert_eq!(error["code"], status);
        assert_eq!(error["errors"][0]["domain"], "global");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&error["errors"][0]["reason"]), text(&error["message"]))
    }

    /// A call beside Compute, with its answer.
    pub(crate) async fn rpc(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// Lets emulated seconds pass, where the clock is turned by hand.
    pub(crate) async fn advance(&self, seconds: u32) {
        let path = format!("/_emulator/advance?seconds={seconds}");
        let answer = self.request(Method::POST, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// The cloud's time, as timestamps have it.
    pub(crate) fn now(&self) -> String {
        gce_emulator::clock::rfc3339(self.emulator.clock().now())
    }

    /// Reads until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let last = Mutex::new(Value::Null);
        self.until_asked(path, async || {
            let answer = self.call(Method::GET, path, None).await.1;
            let good = wanted(&answer);
            *last.lock().unwrap() = answer;
            good
        })
        .await;
        last.into_inner().unwrap()
    }

    /// Asks until the answer is yes.
    pub(crate) async fn until_asked(&self, what: &str, ask: impl AsyncFn() -> bool) {
        let asking = async {
            while !ask().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let asked = tokio::time::timeout(HANG, asking).await;
        assert!(asked.is_ok(), "{what} never came");
    }

    /// A template, a health check and a group of `size`.
    pub(crate) async fn group(&self, size: u32) {
        self.post("global/healthChecks", health_check("alive"))
            .await;
        self.post("global/instanceTemplates", template("t1")).await;
        let group = json!({"name": "m", "targetSize": size, "baseInstanceName": "m",
            "instanceTemplate": "global/instanceTemplates/t1",
            "namedPorts": [{"name": "http", "port": 5000}]});
        self.post(&format!("zones/{ZONE}/instanceGroupManagers"), group)
            .await;
    }

    /// The group's instances, once they all run and rest.
    pub(crate) async fn stable(&self, size: usize) -> Vec<Value> {
        let path = format!("zones/{ZONE}/instanceGroupManagers/m");
        self.until(&path, |group| {
            group["status"]["isStable"] == true && group["currentActions"]["none"] == size
        })
        .await;
        let path = format!("{path}/listManagedInstances");
        let listed = self.call(Method::POST, &path, None).await.1;
        listed["managedInstances"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

pub(crate) fn template(name: &str) -> Value {
    json!({"name": name, "properties": {
        "machineType": "e2-micro",
        "metadata": {"items": [{"key": "colour", "value": "green"}]},
        "networkInterfaces": [{"network": "global/networks/default"}],
    }})
}

pub(crate) fn health_check(name: &str) -> Value {
    json!({"name": name, "type": "HTTP", "checkIntervalSec": 5, "timeoutSec": 5,
        "httpHealthCheck": {"port": 5000, "requestPath": "/health"}})
}
