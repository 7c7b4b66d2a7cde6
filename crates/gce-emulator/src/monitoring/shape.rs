//! Series and values in Google's JSON.

use serde_json::{Value, json};

use super::align::Cell;
use crate::metrics::{Distribution, SeriesKey};

/// What filters and groupings look at.
pub(super) fn document(key: &SeriesKey) -> Value {
    json!({
        "metric": {"type": key.metric_type, "labels": key.metric_labels},
        "resource": {"type": key.resource_type, "labels": key.resource_labels},
        "metadata": {"system_labels": key.system_labels, "user_labels": {}},
        "project": key.resource_labels.get("project_id"),
    })
}

/// `{doubleValue: 0.5}`; 64-bit integers are strings.
pub(super) fn typed_value(cell: &Cell) -> Value {
    match cell {
        Cell::Int64(number) => json!({"int64Value": format!("{number:.0}")}),
        Cell::Double(number) => json!({"doubleValue": number}),
        Cell::Distribution(distribution) => json!({"distributionValue": shaped(distribution)}),
    }
}

fn shaped(distribution: &Distribution) -> Value {
    let count = distribution.count();
    let mean = if count == 0 {
        0.0
    } else {
        distribution.sum / count as f64
    };
    let last = distribution
        .counts
        .iter()
        .rposition(|count| *count > 0)
        .map_or(0, |at| at + 1);
    let counts: Vec<String> = distribution.counts[..last]
        .iter()
        .map(u64::to_string)
        .collect();
    json!({
        "count": count.to_string(),
        "mean": mean,
        "bucketOptions": {"explicitBuckets": {"bounds": distribution.bounds}},
        "bucketCounts": counts,
    })
}
