//! A place that gets no new requests, and gets them again.
//!
//! `capacityScaler` 0 takes a backend out of the load balancing; what runs in it goes on, and its group
//! and autoscaler stay what they are (Compute v1, `BackendService.backends`).

use gce::Scope;
use serde_json::{Value, json};

use super::order::order;
use super::{Act, Id, Inventory, Kind, Mark, Plan, Step};
use crate::FieldChange;

/// What the load balancer shall do with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Send it nothing new.
    Drain,
    /// Send it its share again.
    Fill,
}

/// Why a place cannot be drained or filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// There is no load balancer yet.
    #[error("nothing of it is there yet: flaskscale deploy")]
    NotDeployed,
    /// The load balancer knows no group there.
    #[error("{place} has no group of this deployment; there are: {}", known.join(", "))]
    UnknownPlace {
        /// What was asked for.
        place: String,
        /// Where there are groups.
        known: Vec<String>,
    },
    /// Nobody would serve any more.
    #[error("{place} is the last place that serves: without it the site would be down")]
    LastPlace {
        /// What was asked for.
        place: String,
    },
}

/// Has the load balancer of the deployment with this mark drain or fill a region, or a zone.
pub fn redirect(
    mark: &Mark,
    found: &Inventory,
    place: &str,
    flow: Flow,
) -> Result<Plan, DrainError> {
    let services = found.marked(mark);
    let services = services.filter(|(id, _)| id.kind == Kind::BackendService);
    let mut steps = Vec::new();
    for (id, body) in services {
        let backends = body["backends"].as_array().into_iter().flatten();
        let backends: Vec<&Value> = backends.collect();
        check(&backends, place, flow)?;
        steps.push(step(id, body, &backends, place, flow));
    }
    if steps.is_empty() {
        return Err(DrainError::NotDeployed);
    }
    order(&mut steps, found);
    Ok(Plan {
        steps,
        ..Plan::default()
    })
}

fn check(backends: &[&Value], place: &str, flow: Flow) -> Result<(), DrainError> {
    let known: Vec<String> = backends.iter().map(|one| place_of(one)).collect();
    let place = place.to_owned();
    if !known.contains(&place) {
        return Err(DrainError::UnknownPlace { place, known });
    }
    let serves_elsewhere = |one: &&Value| place_of(one) != place && !is_drained(one);
    if flow == Flow::Drain && !backends.iter().any(serves_elsewhere) {
        return Err(DrainError::LastPlace { place });
    }
    Ok(())
}

fn step(id: &Id, service: &Value, backends: &[&Value], place: &str, flow: Flow) -> Step {
    let is_meant =
        |one: &&&Value| place_of(one) == place && is_drained(one) != (flow == Flow::Drain);
    if !backends.iter().any(|one| is_meant(&one)) {
        return Step::new(id.clone(), Act::Keep);
    }
    let changed = backends.iter().map(|one| {
        let mut backend = (*one).clone();
        if is_meant(&one) {
            backend["capacityScaler"] = json!(if flow == Flow::Drain { 0.0 } else { 1.0 });
        }
        backend
    });
    let mut patch = json!({ "backends": changed.collect::<Vec<_>>() });
    if let Some(fingerprint) = service.get("fingerprint") {
        patch["fingerprint"] = fingerprint.clone();
    }
    let mut step = Step::new(id.clone(), Act::Update(patch));
    step.changes = vec![change(place, flow)];
    step
}

/// Requests to a place, from what is to what shall be.
fn change(place: &str, flow: Flow) -> FieldChange {
    let (serves, drained) = (Some("serves".to_owned()), Some("drained".to_owned()));
    let (before, after) = match flow {
        Flow::Drain => (serves, drained),
        Flow::Fill => (drained, serves),
    };
    FieldChange {
        field: place.to_owned(),
        before,
        after,
    }
}

/// The places of a service that are drained, each with what would fill it.
pub(super) fn drained(service: &Value) -> Vec<FieldChange> {
    let backends = service["backends"].as_array().into_iter().flatten();
    let drained = backends.filter(|backend| is_drained(backend));
    drained
        .map(|backend| change(&place_of(backend), Flow::Fill))
        .collect()
}

fn is_drained(backend: &Value) -> bool {
    backend["capacityScaler"].as_f64() == Some(0.0)
}

fn place_of(backend: &Value) -> String {
    match Scope::of_url(backend["group"].as_str().unwrap_or_default()) {
        Scope::Zone(place) | Scope::Region(place) => place,
        Scope::Global => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const MARK: &str = "flaskscale:web;v=1";

    /// A service with a group in each of these regions.
    fn found(regions: &[(&str, f64)]) -> Inventory {
        let backend = |(region, scaler): &(&str, f64)| {
            json!({
                "group": format!("https://x/projects/p/regions/{region}/instanceGroups/web"),
                "balancingMode": "UTILIZATION",
                "capacityScaler": scaler,
            })
        };
        let body = json!({
            "name": "web-site",
            "description": MARK,
            "fingerprint": "abc=",
            "backends": regions.iter().map(backend).collect::<Vec<_>>(),
        });
        let id = Id {
            kind: Kind::BackendService,
            scope: Scope::Global,
            name: "web-site".to_owned(),
        };
        let mut found = Inventory::default();
        found.set(id, body);
        found
    }

    fn asked(found: &Inventory, place: &str, flow: Flow) -> Result<Plan, DrainError> {
        redirect(&Mark::of("web"), found, place, flow)
    }

    #[test]
    fn only_the_place_that_is_meant_is_drained_and_filled_again() {
        let both = found(&[("a", 1.0), ("b", 0.8)]);
        let plan = asked(&both, "a", Flow::Drain).unwrap();
        assert_eq!(
            plan.to_string(),
            "~ backend service web-site\n    a: serves → drained\n"
        );
        let drained = both.after(&plan);
        let service = drained.all(Kind::BackendService).next().unwrap().1;
        assert_eq!(service["backends"][0]["capacityScaler"], 0.0);
        assert_eq!(service["backends"][1]["capacityScaler"], 0.8);
        assert!(asked(&drained, "a", Flow::Drain).unwrap().is_empty());
        let plan = asked(&drained, "a", Flow::Fill).unwrap();
        let filled = drained.after(&plan);
        let service = filled.all(Kind::BackendService).next().unwrap().1;
        assert_eq!(service["backends"][0]["capacityScaler"], 1.0);
        assert!(asked(&filled, "a", Flow::Fill).unwrap().is_empty());
    }

    #[test]
    fn what_would_leave_nobody_to_serve_is_refused() {
        let refused = |regions: &[(&str, f64)], place| {
            asked(&found(regions), place, Flow::Drain)
                .unwrap_err()
                .to_string()
        };
        let last = "a is the last place that serves: without it the site would be down";
        assert_eq!(refused(&[("a", 1.0)], "a"), last);
        assert_eq!(refused(&[("a", 1.0), ("b", 0.0)], "a"), last);
        assert_eq!(
            refused(&[("a", 1.0), ("b", 1.0)], "c"),
            "c has no group of this deployment; there are: a, b"
        );
        let nothing = asked(&Inventory::default(), "a", Flow::Drain);
        assert_eq!(nothing, Err(DrainError::NotDeployed));
    }
}
