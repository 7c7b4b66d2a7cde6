//! How much of its balancing capacity a group uses.

use std::sync::Arc;

use autoscaler::{Absence, Observed, Timestamp};
use serde_json::Value;

use super::{
    Group,
    series::{Span, WINDOW},
};
use crate::{
    fleet::audit::location,
    metrics::Aggregate,
    resource::{Key, Kind, Resource},
};

/// `maxUtilization` when the backend does not say.
const DEFAULT_MAX_UTILIZATION: f64 = 0.8;

/// The share of its capacity that the mean instance uses, by the backend's balancing mode: requests
/// a second of `maxRatePerInstance`, or CPU of `maxUtilization`.
pub(super) fn utilization(group: &Group<'_>, cpu: Option<f64>) -> Observed {
    let services = group.context.store.list(Kind::BackendService, None);
    let mut ours = services
        .iter()
        .filter_map(|service| Some((service, backend_of(service, &group.manager.key)?)));
    let Some((service, backend)) = ours.next() else {
        return Observed::Absent(Absence::NoBackendService);
    };
    if ours.next().is_some() {
        return Observed::Absent(Absence::ManyBackendServices);
    }
    match capacity(backend) {
        Some(Capacity::Rate(rate)) => per_instance(group, requests(group, service), rate),
        Some(Capacity::Utilization(most)) => cpu.map(|cpu| cpu / most).into(),
        None => Observed::Absent(Absence::GroupMaxRate),
    }
}

/// What an instance can take.
enum Capacity {
    /// Requests a second.
    Rate(f64),
    /// CPU utilization.
    Utilization(f64),
}

/// `None` where it is not given for an instance, or where the backend is to take nothing.
fn capacity(backend: &Value) -> Option<Capacity> {
    let number = |field: &str| backend[field].as_f64();
    let scaler = number("capacityScaler").unwrap_or(1.0);
    let scaled = |most: f64| Some(most * scaler).filter(|most| *most > 0.0);
    match backend["balancingMode"].as_str() {
        Some("RATE") => scaled(number("maxRatePerInstance")?).map(Capacity::Rate),
        None | Some("UTILIZATION") => {
            scaled(number("maxUtilization").unwrap_or(DEFAULT_MAX_UTILIZATION))
                .map(Capacity::Utilization)
        }
        Some(_) => None,
    }
}

fn per_instance(group: &Group<'_>, requests: f64, rate: f64) -> Observed {
    match group.serving.len() {
        0 => Observed::default(),
        serving => Observed::Value(requests / serving as f64 / rate),
    }
}

/// The requests a second that the service sent the group in the last two minutes. The balancer is
/// ours, so no series means no request.
fn requests(group: &Group<'_>, service: &Resource) -> f64 {
    let manager = &group.manager.key;
    let span = Span::new(group.now, group.context.clock.speed());
    let window_start = Timestamp(group.now.0 - WINDOW.as_millis() as i64);
    let found = group.context.metrics.recent(
        |key| {
            let label = |name: &str| key.resource_labels.get(name).map(String::as_str);
            key.metric_type == "loadbalancing.googleapis.com/https/backend_request_count"
                && label("backend_name") == Some(&manager.name)
                && label("backend_scope") == Some(location(manager))
                && label("backend_target_name") == Some(&service.key.name)
        },
        window_start,
        span.now,
    );
    let points = || found.iter().flat_map(|series| &series.points);
    let count: f64 = points()
        .filter_map(|point| match &point.value {
            Aggregate::Numbers(numbers) => Some(numbers.sum),
            Aggregate::Distribution(_) => None,
        })
        .sum();
    // The first point may have begun before the window, and counts as a whole.
    let start = points().map(|point| point.start).min();
    start.map_or(0.0, |start| {
        let seconds = group.now.since(start.min(window_start)).as_secs_f64();
        count / seconds
    })
}

/// The backend of a service that is the group, or its manager: they are two resources of one name.
fn backend_of<'a>(service: &'a Arc<Resource>, group: &Key) -> Option<&'a Value> {
    let backends = service.body.get("backends")?.as_array()?;
    backends.iter().find(|backend| {
        let key = backend["group"].as_str().and_then(Key::from_url);
        key.is_some_and(|key| key.scope == group.scope && key.name == group.name)
    })
}
