//! One Monitoring metric of a policy.

use autoscaler::{
    Absence, MetricFilter, MetricUtilization, Observed, Selector, SelectorField, TargetType,
};

use super::{
    Group,
    series::{self, Span},
};
use crate::metrics::{Selected, SeriesKey};

/// The resource of a metric that each instance has.
const INSTANCE: &str = "gce_instance";

/// What a metric shows: its mean over the serving instances that report it, or the sum of the
/// group's series.
pub(super) fn observe(group: &Group<'_>, metric: &MetricUtilization) -> Observed {
    let span = Span::new(group.now, group.context.clock.speed());
    let instances = Instances::of(group);
    let found = group.context.metrics.recent(
        |key| key.metric_type == metric.metric && matches(key, metric.filter.as_ref()),
        span.from(),
        group.now,
    );
    if found.is_empty() {
        return Observed::Absent(Absence::Invalid);
    }
    let ours = found.iter().filter(|series| instances.have(&series.key));
    let values: Vec<(&Selected, Observed)> = ours
        .map(|series| (series, value(series, metric.target_type, span)))
        .collect();
    if metric.is_per_instance() {
        mean_over_instances(&values, group.serving.len())
    } else {
        sum(&values)
    }
}

/// A series' value in the unit of the target.
fn value(series: &Selected, target_type: Option<TargetType>, span: Span) -> Observed {
    match target_type {
        None | Some(TargetType::Gauge) => series::level(series, span),
        Some(TargetType::DeltaPerSecond) => series::rate(series, span),
        Some(TargetType::DeltaPerMinute) => match series::rate(series, span) {
            Observed::Value(rate) => Observed::Value(rate * 60.0),
            other => other,
        },
    }
}

/// Several series of one instance are summed; it is said how many instances report.
fn mean_over_instances(values: &[(&Selected, Observed)], serving: usize) -> Observed {
    let known = values
        .iter()
        .filter_map(|(series, observed)| Some((instance_id(&series.key)?, observed.value()?)));
    let mut totals: Vec<(&str, f64)> = Vec::new();
    for (id, value) in known {
        match totals.iter_mut().find(|(other, _)| *other == id) {
            Some((_, total)) => *total += value,
            None => totals.push((id, value)),
        }
    }
    match autoscaler::mean(totals.iter().map(|(_, total)| *total)) {
        Some(mean) if totals.len() >= serving => Observed::Value(mean),
        Some(mean) => Observed::Partial(mean, totals.len() as u32),
        None => Observed::Absent(why_none(values)),
    }
}

/// A total with a part missing would be too small, and small totals remove instances; but a series
/// that has ended for good must not stop the group forever, so the fresh ones count.
fn sum(values: &[(&Selected, Observed)]) -> Observed {
    let known = values.iter().filter_map(|(_, observed)| observed.value());
    known
        .reduce(|total, value| total + value)
        .map_or(Observed::Absent(why_none(values)), Observed::Value)
}

/// The nearest to being a value.
fn why_none(values: &[(&Selected, Observed)]) -> Absence {
    let absences = values.iter().filter_map(|(_, observed)| observed.absence());
    absences
        .min_by_key(|absence| match absence {
            Absence::TooSparse => 0,
            Absence::NoData => 1,
            _ => 2,
        })
        .unwrap_or_default()
}

fn matches(key: &SeriesKey, filter: Option<&MetricFilter>) -> bool {
    let resource_type = filter.map_or(INSTANCE, MetricFilter::resource_type);
    let selectors = filter.map_or(&[][..], MetricFilter::selectors);
    key.resource_type == resource_type && selectors.iter().all(|selector| selects(selector, key))
}

fn selects(selector: &Selector, key: &SeriesKey) -> bool {
    let found = match &selector.field {
        SelectorField::MetricType => Some(&key.metric_type),
        SelectorField::MetricLabel(name) => key.metric_labels.get(name),
        SelectorField::ResourceType => Some(&key.resource_type),
        SelectorField::ResourceLabel(name) => key.resource_labels.get(name),
    };
    found == Some(&selector.value)
}

fn instance_id(key: &SeriesKey) -> Option<&str> {
    key.resource_labels.get("instance_id").map(String::as_str)
}

/// The group's serving instances by the id that Monitoring knows them by.
struct Instances(Vec<String>);

impl Instances {
    fn of(group: &Group<'_>) -> Self {
        let stored = group
            .serving
            .iter()
            .filter_map(|machine| group.context.store.get(&machine.key));
        Self(stored.map(|instance| instance.id.to_string()).collect())
    }

    /// Whether a series counts: of an instance, only of one that serves.
    fn have(&self, key: &SeriesKey) -> bool {
        key.resource_type != INSTANCE
            || instance_id(key).is_some_and(|id| self.0.iter().any(|ours| ours == id))
    }
}
