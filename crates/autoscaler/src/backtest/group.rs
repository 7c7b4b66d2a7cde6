//! The group as it would have been.

use std::collections::VecDeque;

use super::Model;
use crate::{Policy, Timestamp};

/// Instances of a counterfactual group, and how far each has got.
///
/// An instance *works* once it has booted and initialized as the model says: from then it takes an
/// equal share of the demand. It is *counted* in the mean once the policy's initialization period has
/// passed since its boot, whether it works or not; an owner who states too short a period gets the
/// low readings that he would get in reality.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Those that work and are counted.
    settled: u32,
    /// The others, oldest first.
    starting: VecDeque<Cohort>,
}

/// Instances that were ordered together.
#[derive(Clone, Copy, Debug)]
struct Cohort {
    count: u32,
    works_at: Timestamp,
    counted_at: Timestamp,
}

/// How a step's work was shared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    /// The instances that worked, on average over the step.
    pub(super) working: f64,
    /// Of work that is 1 for the group, what one working instance did on average; `None` where none
    /// worked.
    pub(super) each: Option<f64>,
    /// The same over the instances that the autoscaler counts, working or not.
    pub(super) counted: Option<f64>,
}

impl Shares {
    /// Of instances that all worked and were counted for the whole step.
    pub(super) fn equal(instances: u32) -> Self {
        let working = f64::from(instances);
        let each = (instances > 0).then(|| 1.0 / working);
        Self {
            working,
            each,
            counted: each,
        }
    }
}

impl Group {
    /// A group that has run for long already.
    pub(super) fn new(size: u32) -> Self {
        Self {
            settled: size,
            starting: VecDeque::new(),
        }
    }

    pub(super) fn size(&self) -> u32 {
        let starting = self.starting.iter().map(|cohort| cohort.count);
        starting.fold(self.settled, u32::saturating_add)
    }

    /// Orders or removes instances. Those that have not got far go first, as at Google.
    pub(super) fn resize(&mut self, now: Timestamp, size: u32, model: &Model, policy: &Policy) {
        let present = self.size();
        if let Some(more) = size.checked_sub(present).filter(|more| *more > 0) {
            self.starting.push_back(Cohort {
                count: more,
                works_at: now.after(model.until_work()),
                counted_at: now.after(model.boot().saturating_add(policy.cool_down)),
            });
        }
        self.remove(present.saturating_sub(size));
    }

    fn remove(&mut self, mut surplus: u32) {
        while surplus > 0
            && let Some(newest) = self.starting.back_mut()
        {
            let gone = newest.count.min(surplus);
            newest.count -= gone;
            surplus -= gone;
            if newest.count == 0 {
                self.starting.pop_back();
            }
        }
        self.settled = self.settled.saturating_sub(surplus);
    }

    /// Lets time pass, in which the instances that work share the group's work equally.
    pub(super) fn work(&mut self, from: Timestamp, to: Timestamp) -> Shares {
        self.settle(from);
        if !self.starting.is_empty() {
            return self.work_while_starting(from, to);
        }
        Shares::equal(self.settled)
    }

    /// How many share the work changes within the step, and each instance's mean is over the time that
    /// it worked: as it is smoothed in reality. So time is walked back from the end, to each instance's
    /// beginning.
    fn work_while_starting(&self, from: Timestamp, to: Timestamp) -> Shares {
        let begun = |cohort: &&Cohort| cohort.works_at < to;
        let begun = self
            .starting
            .iter()
            .filter(begun)
            .map(|cohort| cohort.count);
        let mut past = Past::new(to, begun.fold(self.settled, u32::saturating_add));
        let (mut all, mut counted) = (Sum::default(), Sum::default());
        for cohort in self.starting.iter().rev() {
            let is_counted = cohort.counted_at <= to;
            let mean = if cohort.works_at < to {
                let mean = past.back_to(cohort.works_at.max(from));
                all.add(cohort.count, mean);
                past.working = past.working.saturating_sub(cohort.count);
                mean
            } else {
                0.0
            };
            if is_counted {
                counted.add(cohort.count, mean);
            }
        }
        let mean = past.back_to(from);
        all.add(self.settled, mean);
        counted.add(self.settled, mean);
        Shares {
            working: past.instance_time / past.time(from),
            each: all.mean(),
            counted: counted.mean(),
        }
    }

    /// How many instances the autoscaler counts, and how many there are.
    pub(super) fn counts(&self, now: Timestamp) -> (u32, u32) {
        (self.counted(now), self.size())
    }

    fn counted(&self, now: Timestamp) -> u32 {
        let counted = self
            .starting
            .iter()
            .filter(|cohort| cohort.counted_at <= now);
        counted
            .map(|cohort| cohort.count)
            .fold(self.settled, u32::saturating_add)
    }

    fn settle(&mut self, now: Timestamp) {
        while let Some(oldest) = self.starting.front()
            && oldest.works_at <= now
            && oldest.counted_at <= now
        {
            self.settled = self.settled.saturating_add(oldest.count);
            self.starting.pop_front();
        }
    }
}

/// A step of time, walked back from its end.
struct Past {
    to: Timestamp,
    /// How far back it has got.
    until: Timestamp,
    /// How many work before that.
    working: u32,
    instance_time: f64,
    shared_time: f64,
}

impl Past {
    fn new(to: Timestamp, working: u32) -> Self {
        Self {
            to,
            until: to,
            working,
            instance_time: 0.0,
            shared_time: 0.0,
        }
    }

    /// The mean share of an instance that has worked from `begin` to the end.
    fn back_to(&mut self, begin: Timestamp) -> f64 {
        let time = self.until.since(begin).as_millis() as f64;
        self.instance_time += time * f64::from(self.working);
        self.shared_time += time / f64::from(self.working.max(1));
        self.until = begin;
        self.shared_time / self.time(begin)
    }

    fn time(&self, begin: Timestamp) -> f64 {
        (self.to.since(begin).as_millis() as f64).max(1.0)
    }
}

/// A mean over instances in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: f64,
    sum: f64,
}

impl Sum {
    fn add(&mut self, count: u32, mean: f64) {
        self.count += f64::from(count);
        self.sum += f64::from(count) * mean;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    /// Works 30 s after its order; counted when the policy says so.
    fn model() -> Model {
        Model {
            boot_s: 10,
            initialization_s: 20,
            ..Model::default()
        }
    }

    fn policy(cool_down_s: u64) -> Policy {
        Policy {
            cool_down: Duration::from_secs(cool_down_s),
            ..Policy::default_for(1, 10, 0.5)
        }
    }

    #[test]
    fn a_settled_group_shares_equally() {
        let mut group = Group::new(4);
        let shares = group.work(at(0), at(60));
        assert_eq!((shares.working, shares.each), (4.0, Some(0.25)));
        assert_eq!(shares.counted, shares.each);
        assert_eq!(group.counts(at(60)), (4, 4));
    }

    #[test]
    fn an_instance_takes_load_after_boot_and_initialization() {
        let mut group = Group::new(1);
        group.resize(at(0), 2, &model(), &policy(40));
        let shares = group.work(at(0), at(60));
        // Half a minute alone, half a minute together, which is all that the new one knows.
        assert_eq!((shares.working, shares.each), (1.5, Some(0.625)));
        assert_eq!(
            (group.counts(at(60)), shares.counted),
            ((2, 2), Some(0.625))
        );
        let settled = group.work(at(60), at(120));
        assert_eq!((settled.working, settled.each), (2.0, Some(0.5)));
    }

    #[test]
    fn an_instance_that_works_already_may_not_be_counted_yet() {
        let mut group = Group::new(1);
        group.resize(at(0), 2, &model(), &policy(60));
        let shares = group.work(at(0), at(60));
        assert_eq!((group.counts(at(60)), shares.counted), ((1, 2), Some(0.75)));
    }

    #[test]
    fn a_period_that_is_too_short_thins_the_mean() {
        let mut group = Group::new(1);
        group.resize(at(0), 2, &model(), &policy(0));
        let shares = group.work(at(0), at(20));
        assert_eq!((group.counts(at(20)), shares.counted), ((2, 2), Some(0.5)));
        assert_eq!((shares.working, shares.each), (1.0, Some(1.0)));
    }

    #[test]
    fn those_that_have_not_got_far_go_first() {
        let mut group = Group::new(3);
        group.resize(at(0), 5, &model(), &policy(60));
        group.resize(at(5), 6, &model(), &policy(60));
        group.resize(at(8), 4, &model(), &policy(60));
        assert_eq!((group.settled, group.size()), (3, 4));
        group.resize(at(9), 1, &model(), &policy(60));
        assert_eq!((group.settled, group.size()), (1, 1));
    }

    #[test]
    fn in_an_empty_group_nobody_works() {
        let shares = Group::new(0).work(at(0), at(60));
        assert_eq!((shares.working, shares.each), (0.0, None));
    }
}
