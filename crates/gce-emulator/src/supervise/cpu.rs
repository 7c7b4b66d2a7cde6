//! The CPU time of a process tree, as a sum that never falls.
//!
//! The clocks of the living alone are not such a sum: it drops when a member exits. Added to them is
//! what each of them keeps of the children that it waited for, and what the supervisor itself waited
//! for. One thing no record keeps: a child whose parent ignores SIGCHLD vanishes with its time. Then
//! the living clocks' own growth is taken instead, so that a loss is at most the time since the last
//! look, and the time of the others does not disappear behind it.

use std::{collections::HashMap, time::Duration};

use nix::{
    sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    },
    time::ClockId,
    unistd::{Pid, SysconfVar, sysconf},
};

use super::tree::{self, Stat};

/// A process for good: pids are reused, pids with their start are not.
type Identity = (i32, u64);

#[derive(Debug)]
pub(super) struct CpuMeter {
    root: i32,
    tick_ns: u64,
    used_ns: u64,
    /// The sum of all records at the last look.
    recorded_ns: u64,
    own_ns: HashMap<Identity, u64>,
}

impl CpuMeter {
    /// A meter for all descendants of this process.
    pub(super) fn new() -> Self {
        let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        Self {
            root: std::process::id() as i32,
            tick_ns: 1_000_000_000 / (per_second.max(1) as u64),
            used_ns: 0,
            recorded_ns: 0,
            own_ns: HashMap::new(),
        }
    }

    /// The nanoseconds of CPU that the tree has used so far, and the one of a process beside it.
    pub(super) fn read(&mut self, beside: Option<i32>) -> u64 {
        // What ended is read before what lives: a process that ends between the two is missed until
        // the next look. The other way round it would be counted twice, and for good.
        let mut living = tree::descendants_at_a_glance(self.root);
        if let Some(root) = beside {
            living.extend(Stat::read(root));
            living.extend(tree::descendants_at_a_glance(root));
        }
        let ended: u64 = living
            .iter()
            .map(|stat| stat.children_ticks * self.tick_ns)
            .sum();
        let own: HashMap<Identity, u64> = living
            .iter()
            .map(|stat| ((stat.pid, stat.started), self.own(stat)))
            .collect();
        self.account(reaped_ns() + ended + own.values().sum::<u64>(), own)
    }

    fn own(&self, stat: &Stat) -> u64 {
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(stat.pid)).and_then(ClockId::now);
        match clock {
            Ok(time) => Duration::from(time).as_nanos() as u64,
            Err(_) => stat.own_ticks * self.tick_ns,
        }
    }

    fn account(&mut self, recorded: u64, own: HashMap<Identity, u64>) -> u64 {
        let before = |identity| self.own_ns.get(identity).copied().unwrap_or(0);
        let grown: u64 = own
            .iter()
            .map(|(id, now)| now.saturating_sub(before(id)))
            .sum();
        let gained = recorded.saturating_sub(self.recorded_ns);
        // Records of ended children are cut to whole ticks, twice a process; a smaller difference
        // than that is no loss, and taking it for one would let rounding add up.
        let rounding = 2 * self.tick_ns * (own.len() as u64 + 1);
        if grown > gained + rounding {
            self.used_ns += grown;
            self.recorded_ns = recorded;
        } else {
            self.used_ns += gained;
            self.recorded_ns = self.recorded_ns.max(recorded);
        }
        self.own_ns = own;
        self.used_ns
    }
}

fn reaped_ns() -> u64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return 0;
    };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    micros.max(0) as u64 * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn living(members: &[(i32, u64)]) -> HashMap<Identity, u64> {
        members.iter().map(|(pid, ns)| ((*pid, 1), *ns)).collect()
    }

    #[test]
    fn a_member_that_ends_keeps_its_time_in_the_sum() {
        let mut meter = CpuMeter::new();
        assert_eq!(
            meter.account(5 * SECOND, living(&[(1, 2 * SECOND), (2, 3 * SECOND)])),
            5 * SECOND
        );
        assert_eq!(
            meter.account(6 * SECOND, living(&[(1, 3 * SECOND)])),
            6 * SECOND
        );
    }

    #[test]
    fn time_that_no_record_kept_does_not_hide_the_growth_of_others() {
        let mut meter = CpuMeter::new();
        meter.account(12 * SECOND, living(&[(1, 2 * SECOND), (2, 10 * SECOND)]));
        assert_eq!(
            meter.account(3 * SECOND, living(&[(1, 3 * SECOND)])),
            13 * SECOND
        );
        assert_eq!(
            meter.account(4 * SECOND, living(&[(1, 4 * SECOND)])),
            14 * SECOND
        );
    }

    #[test]
    fn rounding_of_records_does_not_add_up() {
        let mut meter = CpuMeter::new();
        for _ in 0..1000 {
            meter.account(SECOND, living(&[(1, SECOND)]));
            meter.account(SECOND - meter.tick_ns, living(&[(1, SECOND)]));
        }
        assert_eq!(meter.used_ns, SECOND);
    }
}
