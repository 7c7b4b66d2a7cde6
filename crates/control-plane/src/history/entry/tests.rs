#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use super::*;

fn history(entry: Value) -> Option<HistoryEntry> {
    entry_of(&serde_json::from_value(entry).unwrap())
}

fn audit(log: &str, payload: Value) -> Value {
    json!({
        "logName": format!("projects/demo/logs/cloudaudit.googleapis.com%2F{log}"),
        "timestamp": "2026-11-24T03:31:26.123Z",
        "protoPayload": payload,
    })
}

fn ours(payload: Value) -> Value {
    json!({
        "logName": "projects/demo/logs/flaskscale-changes",
        "timestamp": "2026-11-24T03:31:26.123Z",
        "jsonPayload": payload,
    })
}

#[test]
fn a_change_of_size_says_why_in_googles_words() {
    let entry = audit(
        "system_event",
        json!({
            "methodName": "compute.autoscalers.resize",
            "metadata": {
                "oldSize": 2.0, "newSize": 6, "autoscalingMode": "ON",
                "autoscalingReason": {
                    "summary": "Predicted CPU is high.",
                    "scalingSignal": {
                        "name": "PREDICTED_CPU_UTILIZATION", "calculatedSize": 8,
                        "calculationDetails": {"servingSize": 2, "signalTarget": 0.5, "signalValue": 1.9},
                    },
                    "scalingLimit": {"name": "MAX_INSTANCES", "limitSize": 6},
                },
            },
        }),
    );
    let event = history(entry).unwrap();
    assert_eq!(
        (event.kind, event.from, event.to),
        (HistoryKind::Scaling, Some(2), Some(6))
    );
    assert_eq!(event.sentence, "Predicted CPU is high.");
    let signal = event.signal.unwrap();
    assert_eq!(
        (signal.value, signal.target, signal.size),
        (Some(1.9), Some(0.5), Some(8))
    );
    assert_eq!(event.limit.as_deref(), Some("MAX_INSTANCES"));
    assert_eq!(event.at.0, 1_795_491_086_123);
}

#[test]
fn a_change_of_size_without_a_reason_is_told_all_the_same() {
    let payload = json!({
        "methodName": "compute.autoscalers.resize",
        "metadata": {"oldSize": 2, "newSize": 3},
    });
    let event = history(audit("system_event", payload)).unwrap();
    assert_eq!(event.sentence, "The recommended size changed from 2 to 3.");
    assert_eq!((event.signal, event.limit), (None, None));
}

#[test]
fn a_hold_is_told_in_the_words_that_were_stored() {
    let hold = |payload: Value| {
        json!({
            "logName": "projects/demo/logs/flaskscale-holds",
            "timestamp": "2026-11-24T03:31:26.123Z",
            "jsonPayload": payload,
        })
    };
    let event = history(hold(json!({
        "message": "Held at 4 for 23 minutes.", "cause": "STABILIZATION", "size": 4, "wanted": 2,
    })))
    .unwrap();
    assert_eq!(event.kind, HistoryKind::Hold);
    assert_eq!(event.sentence, "Held at 4 for 23 minutes.");
    assert_eq!(history(hold(json!({"cause": "STABILIZATION"}))), None);
}

#[test]
fn a_change_of_status_shows_both() {
    let payload = json!({
        "methodName": "compute.autoscalers.changeStatus",
        "metadata": {"oldStatus": {"details": "OK"}, "newStatus": {"details": "Capped at 6."}},
    });
    let event = history(audit("system_event", payload)).unwrap();
    assert_eq!(event.kind, HistoryKind::Status);
    assert_eq!(event.sentence, "Capped at 6. (before: OK)");
}

#[test]
fn what_another_tool_did_is_told_from_googles_log() {
    for method in [
        "v1.compute.autoscalers.patch",
        "beta.compute.autoscalers.update",
        "v1.compute.regionAutoscalers.patch",
    ] {
        let mut entry = audit(
            "activity",
            json!({
                "methodName": method,
                "authenticationInfo": {"principalEmail": "ann@example.com"},
                "request": {"autoscalingPolicy": {"minNumReplicas": 3}},
            }),
        );
        entry["operation"] = json!({"id": "operation-1", "first": true});
        let event = history(entry).unwrap();
        assert_eq!(event.kind, HistoryKind::Change);
        assert_eq!(event.sentence, "ann@example.com changed minimum to 3.");
        assert_eq!(event.operation.as_deref(), Some("operation-1"));
    }
}

#[test]
fn the_second_entry_of_a_long_operation_is_not_told_again() {
    let mut entry = audit(
        "activity",
        json!({"methodName": "v1.compute.autoscalers.patch"}),
    );
    entry["operation"] = json!({"id": "operation-1", "last": true});
    assert_eq!(history(entry), None);
}

#[test]
fn what_is_not_about_an_autoscaler_is_not_told() {
    for method in [
        "v1.compute.instances.insert",
        "v1.compute.autoscalers.list",
        "autoscalers.patch",
        "",
    ] {
        assert_eq!(
            history(audit("activity", json!({"methodName": method}))),
            None,
            "{method}"
        );
    }
}

#[test]
fn our_own_record_says_who_changed_what_and_why() {
    let event = history(ours(json!({
        "action": "policy", "actor": "admin", "via": "console", "group": "z-1-a/web",
        "before": {"minNumReplicas": 2, "mode": "ON"},
        "after": {"minNumReplicas": 3, "mode": "ON"},
        "operation": "operation-1", "note": "the sale",
    })))
    .unwrap();
    assert_eq!(event.sentence, "admin changed minimum from 2 to 3.");
    assert_eq!(event.author.as_deref(), Some("admin"));
    assert_eq!(event.via.as_deref(), Some("console"));
    assert_eq!(event.note, "the sale");
    assert_eq!(event.changes.len(), 1);
}

#[test]
fn drills_are_told() {
    let drill = json!({"id": "1", "kind": "cpu", "load": 2.2, "until": 0, "by": "admin"});
    let started =
        json!({"action": "drill-start", "actor": "admin", "instance": "web-1", "drill": drill});
    let stopped = json!({"action": "drill-stop", "actor": "ann", "instance": "web-1"});
    let told = |payload| history(ours(payload)).unwrap().sentence;
    assert_eq!(
        told(started),
        "admin started a drill on web-1: 2.2 times its share of CPU."
    );
    assert_eq!(told(stopped), "ann stopped the drill on web-1.");
}

#[test]
fn an_entry_that_cannot_be_read_is_left_out() {
    let mut entry = ours(json!({"action": "policy"}));
    entry["timestamp"] = json!("yesterday");
    assert_eq!(history(entry), None);
    assert_eq!(history(ours(json!("text"))), None);
}

#[test]
fn an_event_knows_its_group() {
    let mut entry = audit("system_event", json!({}));
    let labels = json!({"location": "us-central1-a", "instance_group_manager_name": "web"});
    entry["resource"] = json!({"type": "autoscaler", "labels": labels});
    let key = group_key(&serde_json::from_value(entry).unwrap());
    assert_eq!(key, Some(("us-central1-a".to_owned(), "web".to_owned())));
}
