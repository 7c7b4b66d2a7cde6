//! One caller: changes resources of its own, and remembers what was acknowledged.

use std::collections::BTreeMap;

use rand::Rng;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::run::Run;

/// How many names each caller uses of each sort.
const NAMES: usize = 3;

/// What a caller knows of a resource: `None` once it is deleted.
type Known = Option<Value>;

/// Resources by their path, as far as anybody knows.
pub(crate) struct Worker {
    number: usize,
    client: Client,
    known: BTreeMap<String, Known>,
    /// The change that got no answer: it was made as a whole or not at all.
    in_doubt: Option<(String, Known)>,
    /// The operations of the last run that were acknowledged.
    operations: Vec<String>,
}

/// A call, and what is known of a resource once it is acknowledged.
struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
    changes: String,
    to: Known,
}

impl Worker {
    pub(crate) fn new(number: usize) -> Self {
        // Whoever comes first installs it; nothing here speaks TLS.
        _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            number,
            client: Client::new(),
            known: BTreeMap::new(),
            in_doubt: None,
            operations: Vec::new(),
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.operations.len()
    }

    /// Changes things until the cloud is gone.
    pub(crate) async fn work(mut self, url: String) -> Self {
        self.operations.clear();
        loop {
            let call = self.choose();
            let mut request = self
                .client
                .request(call.method, format!("{url}/{}", call.path));
            if let Some(body) = &call.body {
                request = request.json(body);
            }
            let answer = match request.send().await {
                Ok(response) => {
                    let status = response.status();
                    response.json::<Value>().await.map(|body| (status, body))
                }
                Err(error) => Err(error),
            };
            let Ok((status, answer)) = answer else {
                self.in_doubt = Some((call.changes, call.to));
                return self;
            };
            assert_eq!(status, StatusCode::OK, "{}: {answer}", call.path);
            self.operations.push(path_of(&answer["selfLink"]));
            self.known.insert(call.changes, call.to);
        }
    }

    fn choose(&self) -> Call {
        let mut random = rand::rng();
        let name = format!("w{}-{}", self.number, random.random_range(0..NAMES));
        if random.random_ratio(1, 3) {
            self.group_call(&name)
        } else {
            self.check_call(&name)
        }
    }

    /// A change of a health check, which is the cheapest thing there is.
    fn check_call(&self, name: &str) -> Call {
        let mut random = rand::rng();
        let path = format!("global/healthChecks/{name}");
        let interval = random.random_range(5..300);
        let known = self.known.get(&path).cloned().flatten();
        let call = |method, path: &str, body, to| Call {
            method,
            path: path.to_owned(),
            body,
            changes: format!("global/healthChecks/{name}"),
            to,
        };
        match known {
            None => {
                let body = json!({"name": name, "type": "HTTP", "checkIntervalSec": interval});
                let to = json!({"checkIntervalSec": interval});
                call(Method::POST, "global/healthChecks", Some(body), Some(to))
            }
            Some(_) if random.random_ratio(1, 4) => call(Method::DELETE, &path, None, None),
            Some(_) => {
                let body = json!({"checkIntervalSec": interval});
                call(Method::PATCH, &path, Some(body.clone()), Some(body))
            }
        }
    }

    /// A change of a group, for whose instances processes come and go.
    fn group_call(&self, name: &str) -> Call {
        let mut random = rand::rng();
        let template = format!("global/instanceTemplates/{name}");
        let zone = "zones/us-central1-a/instanceGroupManagers";
        let path = format!("{zone}/{name}");
        let size = random.random_range(0..3);
        let call = |method, path: String, body, changes: &String, to| Call {
            method,
            path,
            body,
            changes: changes.clone(),
            to,
        };
        let has = |path: &String| self.known.get(path).cloned().flatten();
        if has(&template).is_none() {
            let body = json!({"name": name, "properties": {"machineType": "e2-micro",
                "networkInterfaces": [{"network": "global/networks/default"}]}});
            let collection = "global/instanceTemplates".to_owned();
            return call(
                Method::POST,
                collection,
                Some(body),
                &template,
                Some(json!({})),
            );
        }
        match has(&path) {
            None => {
                let body = json!({"name": name, "targetSize": size, "instanceTemplate": template});
                let to = json!({"targetSize": size});
                call(Method::POST, zone.to_owned(), Some(body), &path, Some(to))
            }
            Some(_) if random.random_ratio(1, 4) => {
                call(Method::DELETE, path.clone(), None, &path, None)
            }
            Some(_) => {
                let resize = format!("{path}/resize?size={size}");
                let to = json!({"targetSize": size});
                call(Method::POST, resize, None, &path, Some(to))
            }
        }
    }

    /// Compares what is there with what was acknowledged, and settles what was in doubt.
    pub(crate) async fn verify(&mut self, run: &Run) {
        if let Some((path, after)) = self.in_doubt.take() {
            let found = self.find(run, &path).await;
            let before = self.known.get(&path).cloned().flatten();
            let is_one =
                agrees(found.as_ref(), before.as_ref()) || agrees(found.as_ref(), after.as_ref());
            assert!(
                is_one,
                "{path} is neither {before:?} nor {after:?} but {found:?}"
            );
            if agrees(found.as_ref(), after.as_ref()) {
                self.known.insert(path, after);
            }
        }
        for (path, known) in &self.known {
            let found = self.find(run, path).await;
            assert!(
                agrees(found.as_ref(), known.as_ref()),
                "{path} is not {known:?} but {found:?}"
            );
        }
        for operation in &self.operations {
            let found = self.find(run, operation).await;
            let done = found.is_some_and(|operation| operation["status"] == "DONE");
            assert!(
                done,
                "the operation {operation} was acknowledged and is not there"
            );
        }
    }

    async fn find(&self, run: &Run, path: &str) -> Known {
        let response = self
            .client
            .get(format!("{}/{path}", run.url()))
            .send()
            .await
            .unwrap();
        match response.status() {
            StatusCode::NOT_FOUND => None,
            StatusCode::OK => Some(response.json().await.unwrap()),
            other => panic!("{path}: {other}"),
        }
    }
}

/// Whether a resource has all the fields that are known of it.
fn agrees(found: Option<&Value>, known: Option<&Value>) -> bool {
    match (found, known) {
        (None, None) => true,
        (Some(found), Some(known)) => {
            let mut fields = known.as_object().unwrap().iter();
            fields.all(|(field, value)| found[field] == *value)
        }
        _ => false,
    }
}

/// The part of a link below the project.
fn path_of(link: &Value) -> String {
    let link = link.as_str().expect("every operation has a link to itself");
    link.split_once("/projects/demo/").unwrap().1.to_owned()
}
