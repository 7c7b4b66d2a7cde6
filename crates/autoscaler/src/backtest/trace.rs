use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, Zones};

/// What a group served, step by step: the load that every candidate policy is tried against.
///
/// Columns and not rows, so that seven days stay small as JSON. The value of step `i` is that of the
/// time `(start + i * step, start + (i + 1) * step]`, named by its end as Monitoring names it. A
/// column may be shorter than the others, or empty: what it does not say is not known, and a `null`
/// is a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trace {
    /// Where the first step begins.
    pub start: Timestamp,
    /// The length of a step in seconds, at least 1.
    pub step_s: u32,
    /// The CPU used by all instances together, in instances: 2.5 is what two and a half fully used
    /// ones use. A full `e2-micro` of 0.25 reserved cores counts 1.
    pub cpu: Vec<Option<f64>>,
    /// Requests to the whole group, each second.
    pub requests_per_second: Vec<Option<f64>>,
    /// Totals of Monitoring metrics over the whole group, by [name](Trace::metric_name). One that is
    /// measured on each instance is taken as work that the instances share.
    pub metrics: BTreeMap<String, Vec<Option<f64>>>,
    /// How many instances ran.
    pub serving: Vec<Option<u32>>,
    /// The group's size at the end of the step, starting instances included.
    pub size: Vec<Option<u32>>,
    /// What the autoscaler recommended at the end of the step.
    pub recommended: Vec<Option<u32>>,
    /// Since when the group's present policy has been in force, if it was changed within the trace:
    /// what was decided before cannot be held against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_since: Option<Timestamp>,
    /// The time zones that schedules may name, with their changes over the trace's time.
    pub zones: Zones,
}

/// The step of a trace from Monitoring, which measures every minute.
pub const MINUTE_S: u32 = 60;

impl Default for Trace {
    fn default() -> Self {
        Self::new(Timestamp(0), MINUTE_S)
    }
}

impl Trace {
    /// One without steps.
    pub fn new(start: Timestamp, step_s: u32) -> Self {
        Self {
            start,
            step_s: step_s.max(1),
            cpu: Vec::new(),
            requests_per_second: Vec::new(),
            metrics: BTreeMap::new(),
            serving: Vec::new(),
            size: Vec::new(),
            recommended: Vec::new(),
            policy_since: None,
            zones: Zones::new(),
        }
    }

    /// How many steps the longest column has.
    pub fn len(&self) -> usize {
        let numbers = [&self.cpu, &self.requests_per_second];
        let counts = [&self.serving, &self.size, &self.recommended];
        let numbers = numbers.into_iter().chain(self.metrics.values());
        let longest = numbers.map(Vec::len).max();
        longest
            .max(counts.into_iter().map(Vec::len).max())
            .unwrap_or(0)
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of a step.
    pub fn step(&self) -> Duration {
        Duration::from_secs(u64::from(self.step_s.max(1)))
    }

    /// The instant at which step `index` ends.
    pub fn end_of(&self, index: usize) -> Timestamp {
        self.start.after(self.span_of(index.saturating_add(1)))
    }

    /// The end of the last step.
    pub fn end(&self) -> Timestamp {
        self.len()
            .checked_sub(1)
            .map_or(self.start, |last| self.end_of(last))
    }

    /// How many steps have a CPU reading.
    pub fn measured_steps(&self) -> usize {
        self.cpu.iter().flatten().count()
    }

    /// The size that the group had when the trace began, as far as that is known.
    pub fn first_size(&self) -> Option<u32> {
        let first = |column: &[Option<u32>]| column.iter().copied().find_map(|size| size);
        first(&self.size)
            .or_else(|| first(&self.recommended))
            .or_else(|| first(&self.serving))
    }

    /// The sizes that the autoscaler decided, or those that the group had where that is all there is.
    pub(crate) fn decided(&self) -> &[Option<u32>] {
        if self.recommended.iter().any(Option::is_some) {
            &self.recommended
        } else {
            &self.size
        }
    }

    /// The same for some of the steps.
    #[must_use]
    pub fn slice(&self, steps: Range<usize>) -> Self {
        let start = self.start.after(self.span_of(steps.start));
        Self {
            start,
            cpu: part(&self.cpu, &steps),
            requests_per_second: part(&self.requests_per_second, &steps),
            metrics: self
                .metrics
                .iter()
                .map(|(name, column)| (name.clone(), part(column, &steps)))
                .collect(),
            serving: part(&self.serving, &steps),
            size: part(&self.size, &steps),
            recommended: part(&self.recommended, &steps),
            ..self.clone()
        }
    }

    fn span_of(&self, steps: usize) -> Duration {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.step().saturating_mul(steps)
    }

    /// The same with `factor` steps made one, for a sweep of many policies: means of loads and totals,
    /// last values of sizes. A last group that is not full stays a step of its own.
    #[must_use]
    pub fn coarser(&self, factor: u32) -> Self {
        let by = factor.max(1) as usize;
        let means = |column: &Vec<Option<f64>>| column.chunks(by).map(mean).collect();
        let lasts = |column: &Vec<Option<u32>>| column.chunks(by).map(last).collect();
        Self {
            start: self.start,
            step_s: self.step_s.saturating_mul(factor.max(1)),
            cpu: means(&self.cpu),
            requests_per_second: means(&self.requests_per_second),
            metrics: self
                .metrics
                .iter()
                .map(|(name, column)| (name.clone(), means(column)))
                .collect(),
            serving: lasts(&self.serving),
            size: lasts(&self.size),
            recommended: lasts(&self.recommended),
            policy_since: self.policy_since,
            zones: self.zones.clone(),
        }
    }
}

/// What a column says about a step.
pub(crate) fn at<T: Copy>(column: &[Option<T>], index: usize) -> Option<T> {
    column.get(index).copied().flatten()
}

fn part<T: Copy>(column: &[T], steps: &Range<usize>) -> Vec<T> {
    let end = steps.end.min(column.len());
    column
        .get(steps.start.min(end)..end)
        .unwrap_or_default()
        .to_vec()
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    crate::mean(values.iter().copied().flatten())
}

fn last(values: &[Option<u32>]) -> Option<u32> {
    values.iter().rev().copied().find_map(|size| size)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn trace() -> Trace {
        Trace {
            cpu: vec![Some(1.0), None, Some(3.0), Some(5.0), Some(7.0)],
            size: vec![Some(2), Some(3), None],
            ..Trace::new(Timestamp(60_000), MINUTE_S)
        }
    }

    #[test]
    fn a_step_is_named_by_its_end() {
        let trace = trace();
        assert_eq!(trace.len(), 5);
        assert_eq!(trace.end_of(0), Timestamp(120_000));
        assert_eq!(trace.end(), Timestamp(360_000));
        assert_eq!(Trace::default().end(), Timestamp(0));
    }

    #[test]
    fn coarser_steps_hold_means_of_loads_and_last_sizes() {
        let coarse = trace().coarser(2);
        assert_eq!(coarse.step_s, 120);
        assert_eq!(coarse.cpu, [Some(1.0), Some(4.0), Some(7.0)]);
        assert_eq!(coarse.size, [Some(3), None]);
        assert_eq!(trace().coarser(1), trace());
    }

    #[test]
    fn a_part_begins_where_its_first_step_does() {
        let part = trace().slice(1..4);
        assert_eq!(part.start, Timestamp(120_000));
        assert_eq!(part.cpu, [None, Some(3.0), Some(5.0)]);
        assert_eq!(part.size, [Some(3), None]);
        assert!(trace().slice(9..12).is_empty());
    }

    #[test]
    fn a_group_begins_with_what_it_had_and_decided_what_it_was_told() {
        let mut trace = trace();
        assert_eq!(trace.decided(), trace.size);
        trace.recommended = vec![None, Some(4)];
        assert_eq!(trace.first_size(), Some(2));
        assert_eq!(trace.decided(), trace.recommended);
        trace.size.clear();
        assert_eq!(trace.first_size(), Some(4));
    }

    #[test]
    fn columns_that_are_left_out_read_as_empty() {
        let read: Trace = serde_json::from_str(r#"{"start": 5, "cpu": [1, null]}"#).unwrap();
        assert_eq!(read.cpu, [Some(1.0), None]);
        assert_eq!((read.start, read.step_s), (Timestamp(5), MINUTE_S));
    }
}
