//! Monitoring v3: what the cloud reports about itself, and what callers write.

use gce_emulator::clock::{parse_rfc3339, rfc3339};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cloud::{Cloud, ZONE};

async fn list(cloud: &Cloud, query: &[(&str, &str)]) -> (u16, Value) {
    let request = cloud
        .request(Method::GET, "/v3/projects/demo/timeSeries")
        .query(query);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn now(cloud: &Cloud) -> i64 {
    let clock = cloud
        .request(Method::GET, "/_emulator/clock")
        .send()
        .await
        .unwrap();
    let clock: Value = clock.json().await.unwrap();
    parse_rfc3339(clock["now"].as_str().unwrap()).unwrap().0
}

fn at(millis: i64) -> String {
    rfc3339(autoscaler::Timestamp(millis))
}

/// Writes a point of `custom.googleapis.com/queue`.
async fn write(cloud: &Cloud, worker: &str, end: i64, value: i64) -> (u16, Value) {
    let series = json!({"timeSeries": [{
        "metric": {"type": "custom.googleapis.com/queue", "labels": {"worker": worker}},
        "resource": {"type": "generic_task", "labels": {"location": ZONE}},
        "points": [{"interval": {"endTime": at(end)}, "value": {"int64Value": value.to_string()}}],
    }]});
    let (status, answer) = cloud.rpc("/v3/projects/demo/timeSeries", series).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn points_are_aligned_reduced_and_given_newest_first() {
    let cloud = Cloud::start().await;
    let end = now(&cloud).await / 60_000 * 60_000;
    for (worker, factor) in [("a", 1), ("b", 10)] {
        for step in 0..12 {
            let (status, answer) = write(
                &cloud,
                worker,
                end - 110_000 + step * 10_000,
                factor * (step + 1),
            )
            .await;
            assert_eq!(status, 200, "{answer}");
        }
    }
    let filter = r#"metric.type="custom.googleapis.com/queue""#;
    let (from, to) = (at(end - 120_000), at(end));
    let base = [
        ("filter", filter),
        ("interval.startTime", from.as_str()),
        ("interval.endTime", to.as_str()),
        ("view", "FULL"),
    ];
    let (_, raw) = list(&cloud, &base).await;
    let series = raw["timeSeries"].as_array().unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0]["metric"]["labels"]["worker"], "a");
    assert_eq!(series[0]["valueType"], "INT64");
    let points = series[0]["points"].as_array().unwrap();
    assert_eq!(points.len(), 12);
    assert_eq!(points[0]["value"]["int64Value"], "12");
    assert_eq!(points[0]["interval"]["endTime"], to);

    // Half-open: the point at the start is not in it.
    let mut later = base;
    let start = at(end - 110_000);
    later[1] = ("interval.startTime", start.as_str());
    let (_, cut) = list(&cloud, &later).await;
    assert_eq!(cut["timeSeries"][0]["points"].as_array().unwrap().len(), 11);

    let aligned = |aligner: &'static str, reducer: &'static str| {
        let mut query = base.to_vec();
        query.push(("aggregation.alignmentPeriod", "60s"));
        query.push(("aggregation.perSeriesAligner", aligner));
        query.push(("aggregation.crossSeriesReducer", reducer));
        query
    };
    let (_, mean) = list(&cloud, &aligned("ALIGN_MEAN", "REDUCE_NONE")).await;
    let doubles = |answer: &Value, at: usize| -> Vec<f64> {
        let points = answer["timeSeries"][at]["points"].as_array().unwrap();
        points
            .iter()
            .map(|point| point["value"]["doubleValue"].as_f64().unwrap())
            .collect()
    };
    assert_eq!(doubles(&mean, 0), [9.5, 3.5]);
    let (_, reduced) = list(&cloud, &aligned("ALIGN_MEAN", "REDUCE_SUM")).await;
    assert_eq!(doubles(&reduced, 0), [104.5, 38.5]);
    let (_, most) = list(&cloud, &aligned("ALIGN_MAX", "REDUCE_MAX")).await;
    assert_eq!(
        most["timeSeries"][0]["points"][0]["value"]["int64Value"],
        "120"
    );
    let mut grouped = aligned("ALIGN_COUNT", "REDUCE_SUM");
    grouped.push(("aggregation.groupByFields", "metric.label.worker"));
    let (_, grouped) = list(&cloud, &grouped).await;
    assert_eq!(grouped["timeSeries"].as_array().unwrap().len(), 2);
    assert_eq!(grouped["timeSeries"][1]["metric"]["labels"]["worker"], "b");
    assert_eq!(
        grouped["timeSeries"][0]["points"][1]["value"]["int64Value"],
        "6"
    );

    let mut paged = base.to_vec();
    paged.push(("pageSize", "7"));
    let mut count = 0;
    let mut token = String::new();
    loop {
        let mut query = paged.clone();
        query.push(("pageToken", &token));
        let (_, page) = list(&cloud, &query).await;
        let series = page["timeSeries"].as_array().unwrap();
        count += series
            .iter()
            .map(|one| one["points"].as_array().unwrap().len())
            .sum::<usize>();
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(count, 24);
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn googles_limits_of_writing_hold() {
    let cloud = Cloud::start().await;
    let end = now(&cloud).await;
    assert_eq!(write(&cloud, "a", end - 60_000, 1).await.0, 200);
    for (when, part) in [
        (end - 60_000, "newer than all earlier"),
        (
            end - 55_000,
            "more frequently than the maximum sampling period",
        ),
        (end - 26 * 3_600_000, "25 hours"),
        (end + 3_600_000, "25 hours"),
    ] {
        let (status, answer) = write(&cloud, "a", when, 2).await;
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(part),
            "{answer}"
        );
    }
    let own = json!({"timeSeries": [{"metric": {"type": "compute.googleapis.com/instance/cpu/utilization"},
        "points": [{"interval": {"endTime": at(end)}, "value": {"doubleValue": 1}}]}]});
    assert_eq!(cloud.rpc("/v3/projects/demo/timeSeries", own).await.0, 400);
    let many: Vec<Value> = vec![json!({}); 201];
    let (status, answer) = cloud
        .rpc("/v3/projects/demo/timeSeries", json!({"timeSeries": many}))
        .await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("1 to 200")
    );
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn wrong_queries_are_refused() {
    let cloud = Cloud::start().await;
    let end = at(now(&cloud).await);
    let filter = ("filter", r#"metric.type="custom.googleapis.com/queue""#);
    let end = ("interval.endTime", end.as_str());
    let mean = ("aggregation.perSeriesAligner", "ALIGN_MEAN");
    for (query, part) in [
        (vec![end], "filter"),
        (vec![filter], "interval.endTime"),
        (vec![filter, end, mean], "aggregation.alignmentPeriod"),
        (
            vec![filter, end, mean, ("aggregation.alignmentPeriod", "30s")],
            "60s",
        ),
        (
            vec![
                filter,
                end,
                ("aggregation.crossSeriesReducer", "REDUCE_SUM"),
            ],
            "perSeriesAligner",
        ),
        (vec![("filter", "resource.type=x"), end], "metric type"),
    ] {
        let (status, answer) = list(&cloud, &query).await;
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(part),
            "{answer}"
        );
    }
    cloud.emulator.shutdown().await;
}

#[tokio::test]
async fn a_group_reports_its_size_and_its_cpu() {
    let cloud = Cloud::start().await;
    cloud.group(2).await;
    cloud.stable(2).await;
    let filter = r#"metric.type="compute.googleapis.com/instance/cpu/utilization"
        AND metadata.system_labels."instance_group"="m""#;
    cloud
        .until_asked("the CPU of two instances", async || {
            let end = now(&cloud).await;
            let (from, to) = (at(end - 600_000), at(end));
            let query = [
                ("filter", filter),
                ("interval.startTime", from.as_str()),
                ("interval.endTime", to.as_str()),
                ("aggregation.alignmentPeriod", "60s"),
                ("aggregation.perSeriesAligner", "ALIGN_MEAN"),
            ];
            let (_, answer) = list(&cloud, &query).await;
            answer["timeSeries"]
                .as_array()
                .is_some_and(|series| series.len() == 2)
        })
        .await;
    cloud.emulator.shutdown().await;
}
