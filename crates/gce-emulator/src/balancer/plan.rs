//! From a routing table to the objects that requests run through.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::pool::{Group, Member, Pool};
use super::route::{Leaf, Outlet, Route};
use super::table::{self, Backend, Frontend, RoutingTable, Service, Target};
use super::traffic::{Meters, TrafficLabels};
use super::upstream::Upstream;
use crate::prober::{self, Prober};

/// What has to be probed so that every service of `table` knows its backends' health.
pub(super) fn targets(table: &RoutingTable) -> Vec<prober::Target> {
    let mut targets = Vec::new();
    for service in table.services() {
        let Some(check) = &service.check else {
            continue;
        };
        targets.extend(service.backends().map(|backend| prober::Target {
            check: check.clone(),
            instance: backend.instance.clone(),
            addr: backend.addr,
        }));
    }
    targets
}

/// An instance, at one of the ports that it serves.
type Place = (String, SocketAddr);

/// What lives on from one table to the next.
#[derive(Debug, Default)]
pub(super) struct Planner {
    upstreams: HashMap<Place, Arc<Upstream>>,
    cursors: HashMap<(String, String), Arc<AtomicUsize>>,
}

/// What else a route is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) prober: &'a Prober,
    pub(super) meters: &'a Meters,
    /// The loopback port of the frontend's secure twin.
    pub(super) secure_port: Option<u16>,
}

impl Planner {
    /// Takes over the backends of `table` and closes those that are not in it.
    ///
    /// An instance that has left is remembered for as long as it is busy.
    pub(super) fn adopt(&mut self, table: &RoutingTable) {
        let backends = table.services().flat_map(|service| service.backends());
        let wanted: HashMap<Place, &Backend> = backends
            .map(|backend| (place_of(backend), backend))
            .collect();
        self.upstreams.retain(|place, upstream| {
            if wanted.contains_key(place) {
                return true;
            }
            upstream.set_closed(true);
            upstream.in_flight() > 0
        });
        for (place, backend) in wanted {
            let new = || Arc::new(Upstream::new(&backend.instance, backend.addr));
            let upstream = self.upstreams.entry(place).or_insert_with(new);
            upstream.set_closed(backend.draining);
        }
        self.cursors
            .retain(|(rule, _), _| table.frontends.iter().any(|f| f.rule == *rule));
    }

    /// The route for a frontend of the table that was adopted last.
    pub(super) fn route(&mut self, frontend: &Frontend, parts: Parts<'_>) -> Arc<Route> {
        let targets = frontend
            .targets
            .map(|target, rule| Arc::new(self.leaf(frontend, target, rule, parts)));
        Arc::new(Route {
            targets,
            keep_alive: frontend.keep_alive,
            secure_port: parts.secure_port,
        })
    }

    pub(super) fn in_flight(&self, instance: &str) -> usize {
        let of_instance = self.upstreams.iter().filter(|((of, _), _)| of == instance);
        of_instance.map(|(_, upstream)| upstream.in_flight()).sum()
    }

    fn leaf(
        &mut self,
        frontend: &Frontend,
        target: &Target,
        rule: Option<&str>,
        parts: Parts<'_>,
    ) -> Leaf {
        let labels = labels(frontend, target, rule);
        let outlet = match target {
            Target::Service(service) => {
                let of_group = |group: &table::Group| {
                    let (group, zone) = (group.name.clone(), group.zone.clone());
                    parts.meters.get(TrafficLabels {
                        group,
                        zone,
                        ..labels.clone()
                    })
                };
                Outlet::Backends {
                    pool: self.pool(frontend, service, parts.prober),
                    meters: service.groups.iter().map(of_group).collect(),
                }
            }
            Target::Redirect(redirect) => Outlet::Redirect(redirect.clone()),
            Target::Nowhere => Outlet::Nowhere,
        };
        Leaf {
            outlet,
            rule: rule.map(str::to_owned),
            unanswered: parts.meters.get(labels),
        }
    }

    fn pool(&mut self, frontend: &Frontend, service: &Service, prober: &Prober) -> Pool {
        let place = (frontend.rule.clone(), service.name.clone());
        let cursor = Arc::clone(self.cursors.entry(place).or_default());
        let (mut members, mut groups) = (Vec::new(), Vec::new());
        for (number, group) in service.groups.iter().enumerate() {
            let first = members.len();
            let found = group.instances.iter();
            members.extend(found.filter_map(|b| self.member(service, b, number, prober)));
            groups.push(Group {
                members: first..members.len(),
                share: group.share,
                cursor: AtomicUsize::new(rand::random::<u32>() as usize),
            });
        }
        Pool {
            timeout: service.timeout,
            affinity: service.affinity.clone(),
            request_headers: service.request_headers.clone(),
            response_headers: service.response_headers.clone(),
            members,
            groups,
            cursor,
        }
    }

    fn member(
        &self,
        service: &Service,
        backend: &Backend,
        group: usize,
        prober: &Prober,
    ) -> Option<Member> {
        let upstream = Arc::clone(self.upstreams.get(&place_of(backend))?);
        let standing = match &service.check {
            Some(check) => Some(prober.standing(&check.name, &backend.instance)?),
            None => None,
        };
        Some(Member {
            upstream,
            standing,
            group,
        })
    }
}

fn place_of(backend: &Backend) -> Place {
    (backend.instance.clone(), backend.addr)
}

fn labels(frontend: &Frontend, target: &Target, rule: Option<&str>) -> TrafficLabels {
    let service = match target {
        Target::Service(service) => service.name.clone(),
        Target::Redirect(_) | Target::Nowhere => String::new(),
    };
    TrafficLabels {
        rule: frontend.rule.clone(),
        target_proxy: frontend.target_proxy.clone(),
        url_map: frontend.url_map.clone(),
        path_rule: rule.unwrap_or_default().to_owned(),
        service,
        group: String::new(),
        zone: String::new(),
    }
}
