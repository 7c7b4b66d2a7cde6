//! Filters, order, pages, and lists over all scopes.

use reqwest::Method;
use serde_json::Value;

use crate::cloud::{Cloud, ZONE, health_check};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

async fn with_checks(count: usize) -> Cloud {
    let cloud = Cloud::start().await;
    for at in 0..count {
        cloud
            .post("global/healthChecks", health_check(&format!("check-{at}")))
            .await;
    }
    cloud
}

#[tokio::test]
async fn pages_are_followed_until_the_token_is_absent() {
    let cloud = with_checks(5).await;
    for order in ["name", "creationTimestamp%20desc"] {
        let mut seen: Vec<String> = Vec::new();
        let mut token = String::new();
        loop {
            let path =
                format!("global/healthChecks?maxResults=2&orderBy={order}&pageToken={token}");
            let page = cloud.get(&path).await;
            assert!(names(&page).len() <= 2);
            seen.extend(names(&page).iter().map(|name| (*name).to_owned()));
            match page["nextPageToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        if order != "name" {
            seen.reverse();
        }
        assert_eq!(
            seen,
            ["check-0", "check-1", "check-2", "check-3", "check-4"]
        );
    }
    cloud
        .refused(Method::GET, "global/healthChecks?orderBy=size", None, 400)
        .await;
    cloud
        .refused(Method::GET, "global/healthChecks?maxResults=501", None, 400)
        .await;
    cloud
        .refused(Method::GET, "global/healthChecks?pageToken=%21", None, 400)
        .await;
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn both_dialects_of_filters_work_and_a_broken_one_is_refused() {
    let cloud = with_checks(4).await;
    let filtered = async |filter: &str| {
        let request = cloud.request(Method::GET, "/compute/v1/projects/demo/global/healthChecks");
        let answer = request.query(&[("filter", filter)]).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(
        names(&filtered(r#"name eq ".*[12]""#).await),
        ["check-1", "check-2"]
    );
    assert_eq!(
        names(&filtered("(name ne check-0)(type eq HTTP)").await).len(),
        3
    );
    assert_eq!(
        names(&filtered("name = check-3 AND type = HTTP").await),
        ["check-3"]
    );
    assert_eq!(
        names(&filtered("name = check-0 OR name = check-1").await).len(),
        2
    );
    assert_eq!(
        names(&filtered("httpHealthCheck.port > 5000").await).len(),
        0
    );
    let broken = filtered("name eq (").await;
    assert_eq!(broken["error"]["errors"][0]["reason"], "invalid");
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn aggregated_lists_name_every_scope() {
    let cloud = Cloud::start().await;
    let empty = cloud.get("aggregated/instanceGroupManagers").await;
    let zone = format!("zones/{ZONE}");
    assert_eq!(empty["kind"], "compute#instanceGroupManagerAggregatedList");
    assert_eq!(
        empty["items"][&zone]["warning"]["code"],
        "NO_RESULTS_ON_PAGE"
    );
    cloud.group(0).await;
    let list = cloud.get("aggregated/instanceGroupManagers").await;
    assert_eq!(
        list["items"][&zone]["instanceGroupManagers"][0]["name"],
        "m"
    );
    let templates = cloud
        .get("aggregated/instanceTemplates?includeAllScopes=True")
        .await;
    assert_eq!(
        templates["items"]["global"]["instanceTemplates"][0]["name"],
        "t1"
    );
    assert_eq!(names(&cloud.get("zones").await).len(), 19);
    cloud.emulator.shutdown().await;
}
