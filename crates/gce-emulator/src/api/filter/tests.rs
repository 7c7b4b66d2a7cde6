#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;

use super::*;

fn check(filter: &str, document: &Value, expected: bool) {
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(parsed.matches(document), expected, "{filter}");
}

#[test]
fn gclouds_dialect_matches_the_whole_value_by_regular_expression() {
    let operation = json!({"operationType": "insert", "status": "DONE", "progress": 100,
        "targetLink": "https://x/zones/z/instanceGroupManagers/m"});
    check(r#"operationType eq ".*\binsert\b.*""#, &operation, true);
    check(
        r#"(operationType eq "ins")(status eq DONE)"#,
        &operation,
        false,
    );
    check(
        r#"(operationType eq "ins.*")(status eq DONE)"#,
        &operation,
        true,
    );
    check("status ne DONE", &operation, false);
    check("progress eq 100", &operation, true);
    check("targetLink eq .*instanceGroupManagers/m", &operation, true);
}

#[test]
fn the_aip_dialect_knows_prefixes_presence_and_logic() {
    let instance = json!({"name": "web-1", "status": "RUNNING", "labels": {"env": "prod"},
        "scheduling": {"preemptible": true}, "disks": [{"size": 10}, {"size": 20}]});
    check(r#"name=web-1 AND status="RUNNING""#, &instance, true);
    check("name:web*", &instance, true);
    check("name=web-*", &instance, true);
    check("labels.env:*", &instance, true);
    check("labels.missing:*", &instance, false);
    check("scheduling.preemptible = true", &instance, true);
    check("(name=a OR name=web-1) (status=RUNNING)", &instance, true);
    check(
        "name=a OR status=RUNNING AND disks.size > 15",
        &instance,
        true,
    );
    check("disks.size >= 30", &instance, false);
    check("NOT name=web-1", &instance, false);
    check("-name=web-2", &instance, true);
    check("name != web-2", &instance, true);
    check("", &instance, true);
}

#[test]
fn loggings_language_compares_times_and_severities() {
    let entry = json!({"timestamp": "2026-11-23T16:00:00.123Z", "severity": "WARNING",
        "resource": {"type": "autoscaler", "labels": {"instance_group_manager_name": "m"}},
        "protoPayload": {"methodName": "v1.compute.autoscalers.patch", "@type": "t"},
        "textPayload": "The Group grew"});
    check(
        r#"resource.type="autoscaler" AND timestamp>="2026-11-23T08:00:00-08:00""#,
        &entry,
        true,
    );
    check(r#"timestamp<"2026-11-23T16:00:00Z""#, &entry, false);
    check("severity>=WARNING", &entry, true);
    check("severity>=ERROR", &entry, false);
    check(
        r#"resource.labels."instance_group_manager_name"=m"#,
        &entry,
        true,
    );
    check(
        r#"protoPayload.methodName=~"compute\.(region)?[aA]utoscalers\.(patch|update)""#,
        &entry,
        true,
    );
    check(r#"protoPayload.methodName!~"insert$""#, &entry, true);
    check(
        r#"protoPayload.methodName=("x" OR "v1.compute.autoscalers.patch")"#,
        &entry,
        true,
    );
    check(r#"textPayload:"group""#, &entry, true);
    check(r#""grew""#, &entry, true);
    check("shrank", &entry, false);
}

#[test]
fn monitorings_language_has_functions_and_singular_labels() {
    let series = json!({"metric": {"type": "a/b", "labels": {"code": "200"}},
        "metadata": {"system_labels": {"instance_group": "m"}}});
    check(
        r#"metric.type = "a/b" AND metric.label.code = "200""#,
        &series,
        true,
    );
    check(
        r#"metadata.system_labels."instance_group"="m""#,
        &series,
        true,
    );
    check(
        r#"metric.type = starts_with("a/") metric.labels.code != one_of("404","500")"#,
        &series,
        true,
    );
    check(
        r#"metric.type = monitoring.regex.full_match("a")"#,
        &series,
        false,
    );
}

#[test]
fn what_is_no_filter_is_refused_with_a_sentence() {
    for (text, message) in [
        ("name=", "The filter ends too early."),
        ("(name=a", "The filter ends too early."),
        ("name=a)", "There is a ')' without its '('."),
        ("name eq [", "'^(?:[)$' is not a valid regular expression."),
        (r#"name="a"#, "The string \"a has no closing quote."),
        ("= a", "There is no field before '='."),
    ] {
        assert_eq!(
            Filter::parse(text).unwrap_err().to_string(),
            message,
            "{text}"
        );
    }
}

#[test]
fn bounds_are_read_from_the_outer_conjunction_only() {
    let filter = Filter::parse(r#"timestamp>="a" AND (logName="l" OR x=1) timestamp<"b""#).unwrap();
    assert_eq!(filter.bounds("timestamp"), [(">=", "a"), ("<", "b")]);
    assert!(filter.bounds("logName").is_empty());
}
