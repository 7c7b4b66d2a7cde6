//! Visitors of a site all the while that something is done.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::get;

/// How many there are, what they ask for, and how long each rests between two requests: the machine has
/// other work.
#[derive(Clone, Copy)]
pub struct Visitors {
    pub count: usize,
    pub path: &'static str,
    pub rest: Duration,
}

impl Visitors {
    /// Has them visit while `work` is done. Gives how many requests each status got; 0 stands for none.
    pub fn during(self, site: SocketAddr, work: impl FnOnce()) -> BTreeMap<u16, usize> {
        let is_done = AtomicBool::new(false);
        let visit = || {
            let mut statuses = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                statuses.push(get(site, self.path).map_or(0, |answer| answer.status));
                thread::sleep(self.rest);
            }
            statuses
        };
        thread::scope(|scope| {
            let visitors: Vec<_> = (0..self.count).map(|_| scope.spawn(visit)).collect();
            let end = Done(&is_done);
            work();
            drop(end);
            let mut counts = BTreeMap::new();
            for status in visitors.into_iter().flat_map(|it| it.join().unwrap()) {
                *counts.entry(status).or_insert(0) += 1;
            }
            counts
        })
    }
}

/// Also when the work panics, so that the visitors end and the panic is told.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
