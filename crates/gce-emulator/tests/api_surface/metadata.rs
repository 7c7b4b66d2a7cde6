//! The metadata server of an instance, as its own program asks it.

use std::time::Duration;

use gce_emulator::{
    clock::Clock,
    metadata_server::{self, MetadataListener},
    resource::{Key, Kind, Resource},
    store::{Store, Write},
};
use serde_json::{Value, json};

struct Instance {
    listener: MetadataListener,
    store: Store,
    key: Key,
    _dir: tempfile::TempDir,
}

impl Instance {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "demo").unwrap();
        let clock = Clock::resume(&store, 1).await.unwrap();
        let key = Key::zonal(Kind::Instance, "us-central1-a", "web-1");
        let body = json!({"machineType": "zones/us-central1-a/machineTypes/e2-micro", "metadata": {"items": [
            {"key": "created-by", "value": "projects/1/zones/us-central1-a/instanceGroupManagers/web"},
            {"key": "some-key", "value": "one"},
        ]}});
        let resource = Resource::new(key.clone(), body.as_object().unwrap().clone());
        store.commit(vec![Write::Put(resource)]).await.unwrap();
        let listener = metadata_server::open(store.clone(), clock, key.clone()).unwrap();
        Self {
            listener,
            store,
            key,
            _dir: dir,
        }
    }

    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}/computeMetadata/v1/{path}", self.listener.addr);
        crate::http::client().get(url)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.request(path)
            .header("Metadata-Flavor", "Google")
            .send()
            .await
            .unwrap()
    }

    async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["metadata-flavor"], "Google");
        response.text().await.unwrap()
    }

    async fn set(&self, value: &'static str) {
        let change = self.store.update(&self.key, move |body| {
            body["metadata"]["items"][1]["value"] = json!(value);
        });
        change.await.unwrap();
    }
}

#[tokio::test]
async fn an_instance_learns_who_it_is() {
    let instance = Instance::new().await;
    assert_eq!(instance.text("instance/name").await, "web-1");
    assert!(
        instance
            .text("instance/zone")
            .await
            .ends_with("/zones/us-central1-a")
    );
    assert_eq!(instance.text("instance/attributes/some-key").await, "one");
    assert!(
        instance
            .text("instance/attributes/created-by")
            .await
            .ends_with("instanceGroupManagers/web")
    );
    assert_eq!(instance.text("project/project-id").await, "demo");
    let id = instance.text("instance/id").await;
    assert_eq!(
        id,
        instance.store.get(&instance.key).unwrap().id.to_string()
    );
    assert_eq!(
        instance.text("instance/attributes/").await,
        "created-by\nsome-key\n"
    );
    assert!(
        instance
            .text("instance/")
            .await
            .contains("service-accounts/\n")
    );
    assert_eq!(instance.get("instance/attributes/none").await.status(), 404);
}

#[tokio::test]
async fn a_recursive_answer_is_json_in_camel_case_but_for_the_owners_keys() {
    let instance = Instance::new().await;
    let text = instance.text("instance/?recursive=true").await;
    let tree: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(tree["attributes"]["some-key"], "one");
    assert!(
        tree["machineType"]
            .as_str()
            .unwrap()
            .ends_with("/machineTypes/e2-micro")
    );
    assert!(tree["serviceAccounts"]["default"]["email"].is_string());
    assert!(tree["serviceAccounts"]["default"].get("token").is_none());
    let text = instance.text("instance/attributes/?recursive=true").await;
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["some-key"],
        "one"
    );
    assert_eq!(instance.text("instance/name?alt=json").await, "\"web-1\"");
}

#[tokio::test]
async fn tokens_name_the_service_account() {
    let instance = Instance::new().await;
    let email = instance
        .text("instance/service-accounts/default/email")
        .await;
    assert_eq!(email, "default@demo.iam.gserviceaccount.com");
    let token = instance
        .text("instance/service-accounts/default/token")
        .await;
    let token: Value = serde_json::from_str(&token).unwrap();
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["expires_in"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn without_its_header_or_under_another_name_nothing_is_told() {
    let instance = Instance::new().await;
    let bare = instance.request("instance/name").send().await.unwrap();
    assert_eq!(bare.status(), 403);
    let google = || {
        instance
            .request("instance/name")
            .header("Metadata-Flavor", "Google")
    };
    let forwarded = google()
        .header("X-Forwarded-For", "10.0.0.1")
        .send()
        .await
        .unwrap();
    assert_eq!(forwarded.status(), 403);
    let foreign = google()
        .header("Host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);
    let named = google()
        .header("Host", "metadata.google.internal")
        .send()
        .await
        .unwrap();
    assert_eq!(named.status(), 200);
}

#[tokio::test]
async fn a_waiting_call_ends_with_the_change_and_not_before() {
    let instance = Instance::new().await;
    let first = instance.get("instance/attributes/some-key").await;
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let path = format!("instance/attributes/some-key?wait_for_change=true&last_etag={etag}");
    let mut waiting = Box::pin(instance.text(&path));
    // A change of something else does not end the wait.
    instance
        .store
        .commit(vec![Write::kv("other", "1")])
        .await
        .unwrap();
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err());
    instance.set("two").await;
    assert_eq!(waiting.await, "two");
    // What is already other than the tag says is answered at once.
    assert_eq!(instance.text(&path).await, "two");
    let path = "instance/attributes/some-key?wait_for_change=true&timeout_sec=0";
    assert_eq!(instance.text(path).await, "two");
}
