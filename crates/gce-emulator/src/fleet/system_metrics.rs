//! What the cloud measures by itself about instances, groups and autoscalers.

use std::collections::BTreeMap;

use autoscaler::Timestamp;

use super::{audit::location, context::Context};
use crate::{
    metrics::{MetricKind, SeriesKey, Value},
    resource::{Key, Resource},
};

type Labels = BTreeMap<String, String>;

/// One measurement of an instance.
pub(super) struct Instance<'a> {
    pub(super) resource: &'a Resource,
    pub(super) group: Option<Key>,
    pub(super) cores: f64,
    pub(super) utilization: f64,
}

impl Instance<'_> {
    pub(super) fn record(&self, context: &Context, at: Timestamp) {
        let record = |name, kind, value| {
            context
                .metrics
                .record(at, &self.series(context, name, kind), value);
        };
        let cpu = Value::Double(self.utilization);
        record("instance/cpu/utilization", MetricKind::Gauge, cpu);
        let cores = Value::Double(self.cores);
        record("instance/cpu/reserved_cores", MetricKind::Gauge, cores);
        let uptime = self.series(context, "instance/uptime", MetricKind::Delta);
        // A delta counts from the point before; the first one of a series has no such point.
        let since = context
            .metrics
            .newest(&uptime)
            .map_or(0, |newest| at.0 - newest.0);
        context
            .metrics
            .record(at, &uptime, Value::Double(since as f64 / 1000.0));
    }

    fn series(&self, context: &Context, name: &str, kind: MetricKind) -> SeriesKey {
        let (key, group) = (&self.resource.key, self.group.as_ref());
        SeriesKey {
            metric_type: format!("compute.googleapis.com/{name}"),
            metric_labels: labels([("instance_name", key.name.clone())]),
            resource_type: "gce_instance".into(),
            resource_labels: labels([
                ("project_id", context.store.project().to_owned()),
                ("zone", location(key).to_owned()),
                ("instance_id", self.resource.id.to_string()),
            ]),
            system_labels: labels([("name", key.name.clone())])
                .into_iter()
                .chain(group.map(|group| ("instance_group".to_owned(), group.name.clone())))
                .collect(),
            kind,
        }
    }
}

/// Records how many instances a group has.
pub(super) fn record_group_size(context: &Context, manager: &Resource, size: usize, at: Timestamp) {
    let series = SeriesKey {
        metric_type: "compute.googleapis.com/instance_group/size".into(),
        metric_labels: Labels::new(),
        resource_type: "instance_group".into(),
        resource_labels: labels([
            ("project_id", context.store.project().to_owned()),
            ("location", location(&manager.key).to_owned()),
            ("instance_group_id", manager.id.to_string()),
            ("instance_group_name", manager.key.name.clone()),
        ]),
        system_labels: Labels::new(),
        kind: MetricKind::Gauge,
    };
    context
        .metrics
        .record(at, &series, Value::Int64(size as i64));
}

/// The labels of the monitored resource `autoscaler`, which its log entries have too.
pub(super) fn autoscaler_labels(
    project: &str,
    autoscaler: &Resource,
    manager: &Resource,
) -> Labels {
    labels([
        ("project_id", project.to_owned()),
        ("location", location(&autoscaler.key).to_owned()),
        ("autoscaler_id", autoscaler.id.to_string()),
        ("autoscaler_name", autoscaler.key.name.clone()),
        ("instance_group_manager_id", manager.id.to_string()),
        ("instance_group_manager_name", manager.key.name.clone()),
    ])
}

/// Records one series of an autoscaler, with the label that it has, if it has one.
pub(super) fn record_autoscaler(
    context: &Context,
    resource_labels: &Labels,
    name: &str,
    label: Option<(&str, &str)>,
    value: Value,
    at: Timestamp,
) {
    let series = SeriesKey {
        metric_type: format!("autoscaler.googleapis.com/{name}"),
        metric_labels: label
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        resource_type: "autoscaler".into(),
        resource_labels: resource_labels.clone(),
        system_labels: Labels::new(),
        kind: MetricKind::Gauge,
    };
    context.metrics.record(at, &series, value);
}

fn labels<const N: usize>(pairs: [(&str, String); N]) -> Labels {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
