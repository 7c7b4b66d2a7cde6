//! A console whose account may not do everything.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{FORM, Instance, LocalCloud, PASSWORD, ask};

const GROUP: &str = "us-central1-a/flaskscale";

/// The account that programs of the local cloud have by default may only look at Compute.
fn may_only_look_at_compute(cloud: &LocalCloud) {
    let email = "/computeMetadata/v1/instance/service-accounts/default/email";
    let email = ask(
        cloud.api,
        "GET",
        email,
        &[("metadata-flavor", "Google")],
        "",
    )
    .unwrap();
    let members = [format!("serviceAccount:{}", email.body.trim())];
    let bindings = json!([{"role": "roles/compute.viewer", "members": members}]);
    let policy = json!({"policy": {"bindings": bindings}}).to_string();
    let set = "/v1/projects/flaskscale-local:setIamPolicy";
    let json = ("content-type", "application/json");
    let answer = ask(cloud.api, "POST", set, &[json], &policy).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_console_that_lacks_a_permission_names_it_and_shows_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(directory.path());
    may_only_look_at_compute(&cloud);
    let instance = Instance::start_in("local", |command| {
        command.env("FLASKSCALE_API", format!("http://{}", cloud.api));
    });
    let cookie = instance.log_in(PASSWORD).unwrap();
    let cookie = ("cookie", cookie.as_str());

    let overview = instance.ask("GET", "/admin", &[cookie], "").body;
    let lacks = |permission: &str| format!("lacks the permission {permission}: give it a role");
    for words in [
        "href=\"/admin/groups/us-central1-a/flaskscale\"",
        "metrics is not up to date",
        &lacks("monitoring.timeSeries.list"),
        &lacks("logging.logEntries.list"),
    ] {
        assert!(overview.contains(words), "{words}: {overview}");
    }
    assert!(!overview.contains("permission compute."), "{overview}");

    let page = format!("/admin/groups/{GROUP}");
    let page = instance.ask("GET", &page, &[cookie], "").body;
    let base = page.split("name=\"base\" value=\"").nth(1).unwrap();
    let base = base.split('"').next().unwrap();
    let form = format!(
        "group={GROUP}&base={base}&mode=ON&min=3&max=6&cpu=50&init=60&stabilization=600&note="
    );
    let refused = instance.ask("POST", "/api/admin/policy/apply", &[FORM, cookie], &form);
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(
        refused.body.contains(&lacks("compute.autoscalers.update")),
        "{}",
        refused.body
    );
    let autoscaler: Value =
        cloud.api_json("zones/us-central1-a/autoscalers")["items"][0]["autoscalingPolicy"].clone();
    assert_eq!(autoscaler["minNumReplicas"], 2, "nothing was changed");
    cloud.stop();
}
