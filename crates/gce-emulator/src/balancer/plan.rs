//! From a routing table to the objects that requests run through.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::route::{Member, Pool, Route};
use super::table::{Backend, Frontend, RoutingTable, Service};
use super::traffic::{Meters, TrafficLabels};
use super::upstream::Upstream;
use crate::prober::{Prober, Target};

/// What has to be probed so that every service of `table` knows its backends' health.
pub(super) fn targets(table: &RoutingTable) -> Vec<Target> {
    let mut targets = Vec::new();
    for service in table.services() {
        let Some(check) = &service.check else {
            continue;
        };
        targets.extend(service.backends.iter().map(|backend| Target {
            check: check.clone(),
            instance: backend.instance.clone(),
            addr: backend.addr,
        }));
    }
    targets
}

/// What lives on from one table to the next.
#[derive(Debug, Default)]
pub(super) struct Planner {
    upstreams: HashMap<String, Arc<Upstream>>,
    cursors: HashMap<(String, String), Arc<AtomicUsize>>,
}

impl Planner {
    /// Takes over the backends of `table` and closes those that are not in it.
    ///
    /// An instance that has left is remembered for as long as it is busy.
    pub(super) fn adopt(&mut self, table: &RoutingTable) {
        let mut wanted: HashMap<&str, &Backend> = HashMap::new();
        for backend in table.services().flat_map(|service| &service.backends) {
            wanted.insert(&backend.instance, backend);
        }
        self.upstreams.retain(|instance, upstream| {
            let backend = wanted.get(&**instance);
            if backend.is_some_and(|backend| backend.addr == upstream.addr) {
                return true;
            }
            upstream.set_closed(true);
            backend.is_none() && upstream.in_flight() > 0
        });
        for (instance, backend) in wanted {
            let new = || Arc::new(Upstream::new(instance, backend.addr));
            let upstream = self
                .upstreams
                .entry(instance.to_owned())
                .or_insert_with(new);
            upstream.set_closed(backend.draining);
        }
        self.cursors
            .retain(|(rule, _), _| table.frontends.iter().any(|f| f.rule == *rule));
    }

    /// The route for a frontend of the table that was adopted last.
    pub(super) fn route(
        &mut self,
        frontend: &Frontend,
        prober: &Prober,
        meters: &Meters,
    ) -> Arc<Route> {
        let service = frontend.service.as_ref();
        Arc::new(Route {
            service: service.map(|service| self.pool(frontend, service, prober, meters)),
            unanswered: meters.get(labels(frontend, None)),
        })
    }

    pub(super) fn in_flight(&self, instance: &str) -> usize {
        self.upstreams
            .get(instance)
            .map_or(0, |upstream| upstream.in_flight())
    }

    fn pool(
        &mut self,
        frontend: &Frontend,
        service: &Service,
        prober: &Prober,
        meters: &Meters,
    ) -> Pool {
        let place = (frontend.rule.clone(), service.name.clone());
        let cursor = Arc::clone(self.cursors.entry(place).or_default());
        let member = |backend: &Backend| {
            let upstream = Arc::clone(self.upstreams.get(&backend.instance)?);
            let standing = match &service.check {
                Some(check) => Some(prober.standing(&check.name, &backend.instance)?),
                None => None,
            };
            let meter = meters.get(labels(frontend, Some(backend)));
            Some(Member {
                upstream,
                standing,
                meter,
            })
        };
        let members = service.backends.iter().filter_map(member).collect();
        Pool {
            timeout: service.timeout,
            members,
            cursor,
        }
    }
}

fn labels(frontend: &Frontend, backend: Option<&Backend>) -> TrafficLabels {
    let service = frontend.service.as_ref();
    TrafficLabels {
        rule: frontend.rule.clone(),
        target_proxy: frontend.target_proxy.clone(),
        url_map: frontend.url_map.clone(),
        service: service.map_or_else(String::new, |service| service.name.clone()),
        group: backend.map_or_else(String::new, |backend| backend.group.clone()),
        zone: backend.map_or_else(String::new, |backend| backend.zone.clone()),
    }
}
