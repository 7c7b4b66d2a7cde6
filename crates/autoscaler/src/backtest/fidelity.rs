use serde::{Deserialize, Serialize};

use super::Report;
use super::trace::{Trace, at};
use crate::{Policy, Timestamp};

/// How well the replay of the present policy agrees with what really happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fidelity {
    /// How many recorded decisions the replay made too: in the same direction, within one step, to a
    /// size within one instance.
    pub reproduced: u32,
    /// How many decisions were recorded, as far as they can be compared.
    pub of: u32,
    /// In how many steps the recommended size was within one instance of the recorded one.
    pub steps_within_one: u32,
    /// How many steps were compared.
    pub steps: u32,
    /// Decisions of the replay that nothing recorded answers to.
    pub invented: u32,
}

/// Below this fraction of decisions or steps a backtest is not to be trusted.
///
/// One in ten is what the grid of minutes loses by itself: boots that fall between two minutes, and
/// loads that stand within a rounding of a threshold. More than that says that the group's demand
/// does depend on its size, that somebody resized it by hand, or that the model is wrong.
pub const MIN_FIDELITY: f64 = 0.9;

/// "Within one step."
const STEPS_APART: usize = 1;
/// "Within one instance."
const INSTANCES_APART: u32 = 1;

impl Fidelity {
    /// Compares the replay of a policy with the recording that it was made from.
    ///
    /// What was decided before the policy came into force is left out, and so is a shrinking in the
    /// trace's first stabilization period: the replay cannot know the peaks before it.
    pub fn of(policy: &Policy, replay: &Report, trace: &Trace) -> Self {
        let recorded = trace.decided();
        let comparable = |index: usize| {
            trace
                .policy_since
                .is_none_or(|since| trace.end_of(index) > since)
        };
        let warm = trace.start.after(policy.stabilization);
        let mut fidelity = Self {
            reproduced: 0,
            of: 0,
            steps_within_one: 0,
            steps: 0,
            invented: 0,
        };
        for index in (0..trace.len()).filter(|index| comparable(*index)) {
            let cold = trace.end_of(index) <= warm;
            fidelity.compare_size(at(recorded, index), replay.recommended.get(index).copied());
            if let Some(change) =
                Change::recorded(recorded, index).filter(|change| change.counts(cold))
            {
                let found = around(index).any(|near| {
                    Change::replayed(&replay.recommended, near).is_some_and(|it| it.agrees(change))
                });
                fidelity.of += 1;
                fidelity.reproduced += u32::from(found);
            }
            if let Some(change) =
                Change::replayed(&replay.recommended, index).filter(|it| it.counts(cold))
            {
                let answered = around(index).any(|near| {
                    Change::recorded(recorded, near).is_some_and(|it| it.agrees(change))
                });
                fidelity.invented += u32::from(!answered);
            }
        }
        fidelity
    }

    /// Whether the rest should not be trusted.
    pub fn is_below_bar(&self) -> bool {
        self.steps == 0
            || is_below(self.reproduced, self.of)
            || is_below(self.steps_within_one, self.steps)
    }

    /// "Reproduced 47 of 50 decisions, within one instance.", with a warning where it is due.
    pub fn sentence(&self) -> String {
        let Self {
            reproduced,
            of,
            steps_within_one,
            steps,
            ..
        } = *self;
        if steps == 0 {
            return "Nothing recorded can be compared with the present policy, so nobody knows how \
                    far to trust the rest."
                .to_owned();
        }
        let told = if of == 0 {
            format!(
                "No decision was recorded; the size was right within one instance in \
                 {steps_within_one} of {steps} steps."
            )
        } else if is_below(steps_within_one, steps) {
            format!(
                "Reproduced {reproduced} of {of} decisions, and the size in {steps_within_one} of {steps} steps, within one instance."
            )
        } else {
            format!("Reproduced {reproduced} of {of} decisions, within one instance.")
        };
        if self.is_below_bar() {
            format!(
                "{told} That is too few to trust the rest: the load may depend on the size, or somebody resized the group by hand."
            )
        } else {
            told
        }
    }

    fn compare_size(&mut self, recorded: Option<u32>, replayed: Option<u32>) {
        if let (Some(recorded), Some(replayed)) = (recorded, replayed) {
            self.steps += 1;
            self.steps_within_one += u32::from(recorded.abs_diff(replayed) <= INSTANCES_APART);
        }
    }

    /// Whether the compared part ends at the trace's end and begins at this instant at the earliest.
    pub fn compared_from(trace: &Trace) -> Timestamp {
        trace
            .policy_since
            .map_or(trace.start, |since| since.max(trace.start))
    }
}

fn is_below(part: u32, of: u32) -> bool {
    f64::from(part) < f64::from(of) * MIN_FIDELITY
}

/// A change of the recommended size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    grew: bool,
    to: u32,
}

impl Change {
    fn new(from: u32, to: u32) -> Option<Self> {
        (from != to).then_some(Self {
            grew: to > from,
            to,
        })
    }

    fn recorded(sizes: &[Option<u32>], index: usize) -> Option<Self> {
        Self::new(at(sizes, index.checked_sub(1)?)?, at(sizes, index)?)
    }

    fn replayed(sizes: &[u32], index: usize) -> Option<Self> {
        Self::new(*sizes.get(index.checked_sub(1)?)?, *sizes.get(index)?)
    }

    fn counts(self, cold: bool) -> bool {
        self.grew || !cold
    }

    fn agrees(self, other: Self) -> bool {
        self.grew == other.grew && self.to.abs_diff(other.to) <= INSTANCES_APART
    }
}

fn around(index: usize) -> std::ops::RangeInclusive<usize> {
    index.saturating_sub(STEPS_APART)..=index.saturating_add(STEPS_APART)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backtest::Totals;

    fn fidelity(recorded: &[u32], replayed: &[u32]) -> Fidelity {
        let policy = Policy {
            stabilization: Duration::ZERO,
            ..Policy::default_for(1, 20, 0.5)
        };
        let trace = Trace {
            recommended: recorded.iter().copied().map(Some).collect(),
            ..Trace::default()
        };
        Fidelity::of(&policy, &report(replayed), &trace)
    }

    fn report(recommended: &[u32]) -> Report {
        Report {
            totals: Totals::default(),
            size: recommended.to_vec(),
            recommended: recommended.to_vec(),
            utilization: Vec::new(),
            overloaded: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn counted(fidelity: Fidelity) -> (u32, u32, u32) {
        (fidelity.reproduced, fidelity.of, fidelity.invented)
    }

    #[test]
    fn a_decision_is_reproduced_within_one_step_and_one_instance() {
        let recorded = [2, 2, 2, 5, 5, 5];
        let cases = [
            ([2, 2, 2, 5, 5, 5], (1, 1, 0)),
            ([2, 2, 4, 4, 4, 4], (1, 1, 0)),
            ([2, 2, 2, 2, 6, 6], (1, 1, 0)),
            ([2, 2, 2, 7, 7, 7], (0, 1, 1)),
            ([2, 5, 5, 5, 5, 5], (0, 1, 1)),
        ];
        for (replayed, expected) in cases {
            assert_eq!(
                counted(fidelity(&recorded, &replayed)),
                expected,
                "{replayed:?}"
            );
        }
    }

    #[test]
    fn a_move_the_other_way_is_not_the_same_decision() {
        assert_eq!(counted(fidelity(&[4, 4, 3, 3], &[2, 2, 3, 3])), (0, 1, 1));
    }

    #[test]
    fn too_few_reproduced_decisions_are_a_warning() {
        let steady = fidelity(&[3; 20], &[3; 20]);
        assert!(!steady.is_below_bar());
        assert_eq!(
            steady.sentence(),
            "No decision was recorded; the size was right within one instance in 20 of 20 steps."
        );
        let missed = fidelity(&[3, 3, 3, 4, 4, 4], &[3; 6]);
        assert!(missed.is_below_bar());
        assert!(
            missed
                .sentence()
                .starts_with("Reproduced 0 of 1 decisions, within one instance. That is")
        );
        assert!(fidelity(&[], &[]).is_below_bar());
    }

    #[test]
    fn a_warning_about_sizes_names_them() {
        let recorded = [2, 2, 4, 4, 8, 8];
        let late = fidelity(&recorded, &[2, 2, 2, 4, 4, 8]);
        assert!(late.is_below_bar());
        assert!(
            late.sentence().starts_with(
                "Reproduced 2 of 2 decisions, and the size in 4 of 6 steps, within one instance. That is"
            ),
            "{}",
            late.sentence()
        );
    }

    #[test]
    fn what_was_decided_under_another_policy_or_after_unknown_peaks_does_not_count() {
        let mut trace = Trace {
            recommended: [5, 5, 2, 2, 4, 4].map(Some).to_vec(),
            ..Trace::default()
        };
        let policy = Policy::default_for(1, 20, 0.5);
        let replayed = report(&[5, 5, 5, 5, 5, 5]);
        // The shrinking falls into the first ten minutes, the growth counts.
        assert_eq!(counted(Fidelity::of(&policy, &replayed, &trace)), (0, 1, 0));
        trace.policy_since = Some(trace.end_of(4));
        let compared = Fidelity::of(&policy, &replayed, &trace);
        assert_eq!((counted(compared), compared.steps), ((0, 0, 0), 1));
    }
}
