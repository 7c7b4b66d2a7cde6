use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use gce::{Client, Endpoints, NoToken, RetryPolicy};
use serde_json::{Value, json};

/// As much of a cloud as one group needs. Everything is public, so that a test can be the somebody
/// else who changes things meanwhile.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) policy: Value,
    pub(crate) metadata: Value,
    /// Newest last.
    pub(crate) log: Vec<Value>,
    /// How often each path was asked.
    pub(crate) asked: HashMap<String, usize>,
    /// Paths that end so answer this status.
    pub(crate) broken: HashMap<&'static str, u16>,
    /// Series by what the question for them has to contain: metric and reducer.
    pub(crate) series: Vec<([&'static str; 2], Value)>,
    /// What happens between reading and writing metadata, once.
    pub(crate) meddler: Option<Value>,
    pub(crate) operations: usize,
}

pub(crate) type Shared = Arc<Mutex<Cloud>>;

const ZONE: &str = "https://www.googleapis.com/compute/v1/projects/demo/zones/us-central1-a";

impl Cloud {
    /// A running cloud and a client for it.
    pub(crate) async fn start() -> (Shared, Client) {
        let cloud = Arc::new(Mutex::new(Self::new()));
        let router = Router::new().fallback(answer).with_state(cloud.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::new(
            Endpoints::local(&base),
            Arc::new(NoToken),
            "demo".to_owned(),
        );
        let retry = RetryPolicy::new().attempts(2).first_delay(Duration::ZERO);
        (cloud, client.unwrap().with_retry(retry))
    }

    fn new() -> Self {
        Self {
            policy: json!({
                "minNumReplicas": 2, "maxNumReplicas": 6, "mode": "ON",
                "cpuUtilization": {"utilizationTarget": 0.5, "futureMethod": "NEW"},
                "futureKnob": {"deep": [1, 2]},
            }),
            metadata: json!({"fingerprint": "f0", "items": [{"key": "user-data", "value": "x"}]}),
            log: Vec::new(),
            asked: HashMap::new(),
            broken: HashMap::new(),
            series: Vec::new(),
            meddler: None,
            operations: 0,
        }
    }

    /// Our own records, oldest first.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.log
            .iter()
            .filter_map(|entry| entry.get("jsonPayload").cloned())
            .collect()
    }

    /// How often something that ends so was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let matching = self.asked.iter().filter(|(asked, _)| asked.ends_with(path));
        matching.map(|(_, count)| count).sum()
    }

    fn answer(&mut self, method: &Method, path: &str, body: &Value) -> Result<Value, u16> {
        *self.asked.entry(format!("{method} {path}")).or_default() += 1;
        if let Some((_, status)) = self.broken.iter().find(|(end, _)| path.ends_with(*end)) {
            return Err(*status);
        }
        let path = path.trim_start_matches("/compute/v1/projects/demo/");
        match (method.as_str(), path) {
            ("GET", "aggregated/instanceGroupManagers") => {
                Ok(aggregated("instanceGroupManagers", &manager()))
            }
            ("GET", "zones/us-central1-a/instanceGroupManagers/web") => Ok(manager()),
            ("GET", "global/instanceTemplates/small") => {
                Ok(json!({"name": "small", "properties": {"machineType": "e2-small"}}))
            }
            ("GET", "aggregated/autoscalers") => Ok(aggregated("autoscalers", &self.autoscaler())),
            ("GET", "aggregated/instances") => Ok(aggregated("instances", &self.instance())),
            ("GET", "aggregated/backendServices" | "/v3/projects/demo/timeSeries") => Ok(json!({})),
            ("POST", "zones/us-central1-a/instanceGroupManagers/web/listManagedInstances") => {
                Ok(json!({"managedInstances": [{
                    "instance": format!("{ZONE}/instances/web-1"), "id": "1",
                    "instanceStatus": "RUNNING", "currentAction": "NONE",
                }]}))
            }
            ("GET", "zones/us-central1-a/autoscalers") => Ok(json!({"items": [self.autoscaler()]})),
            ("GET", "zones/us-central1-a/autoscalers/web") => Ok(self.autoscaler()),
            ("PATCH", "zones/us-central1-a/autoscalers") => {
                merge(&mut self.policy, &body["autoscalingPolicy"]);
                Ok(self.operation())
            }
            ("GET", "zones/us-central1-a/instances/web-1") => {
                let instance = self.instance();
                if let Some(meddled) = self.meddler.take() {
                    self.metadata = meddled;
                }
                Ok(instance)
            }
            ("POST", "zones/us-central1-a/instances/web-1/setMetadata") => self.set_metadata(body),
            ("POST", "/v2/entries:list") => {
                Ok(json!({"entries": self.log.iter().rev().collect::<Vec<_>>()}))
            }
            ("POST", "/v2/entries:write") => {
                self.log.extend(body["entries"].as_array().unwrap().clone());
                Ok(json!({}))
            }
            _ => Err(404),
        }
    }

    fn series_for(&self, question: &str) -> Option<Value> {
        let fits = |words: &[&str; 2]| words.iter().all(|word| question.contains(word));
        let found = self.series.iter().find(|(words, _)| fits(words))?;
        Some(found.1.clone())
    }

    fn set_metadata(&mut self, body: &Value) -> Result<Value, u16> {
        if body["fingerprint"] != self.metadata["fingerprint"] {
            return Err(412);
        }
        let operation = self.operation();
        self.metadata = body.clone();
        self.metadata["fingerprint"] = json!(format!("f{}", self.operations));
        Ok(operation)
    }

    fn operation(&mut self) -> Value {
        self.operations += 1;
        json!({"name": format!("operation-{}", self.operations), "status": "DONE"})
    }

    fn autoscaler(&self) -> Value {
        json!({
            "name": "web", "status": "ACTIVE", "recommendedSize": 2,
            "target": format!("{ZONE}/instanceGroupManagers/web"),
            "autoscalingPolicy": self.policy,
        })
    }

    fn instance(&self) -> Value {
        let link = format!("{ZONE}/instances/web-1");
        json!({"name": "web-1", "selfLink": link, "metadata": self.metadata})
    }
}

fn manager() -> Value {
    json!({
        "name": "web", "zone": ZONE, "targetSize": 2, "status": {"isStable": true},
        "instanceTemplate": "projects/demo/global/instanceTemplates/small",
    })
}

fn aggregated(collection: &str, item: &Value) -> Value {
    json!({"items": {"zones/us-central1-a": {collection: [item]}}})
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, change) in patch {
        if change.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], change);
        }
    }
}

async fn answer(State(cloud): State<Shared>, method: Method, uri: Uri, body: Bytes) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let question = uri.query().unwrap_or_default();
    let series = cloud.lock().unwrap().series_for(question);
    if let Some(series) = series.filter(|_| uri.path().ends_with("/timeSeries")) {
        return Json(json!({"timeSeries": [series]})).into_response();
    }
    match cloud.lock().unwrap().answer(&method, uri.path(), &body) {
        Ok(body) => Json(body).into_response(),
        Err(status) => {
            let error =
                json!({"error": {"code": status, "message": format!("refused: {}", uri.path())}});
            (StatusCode::from_u16(status).unwrap(), Json(error)).into_response()
        }
    }
}
