//! The arithmetic: from a utilization to a number of instances.

/// Forgives the last digits of a quotient before it is rounded up.
///
/// 7 instances at 0.3 against 0.7 need exactly 3, but 7 x 0.3 / 0.7 is 3.0000000000000004, and a
/// bare `ceil` would start a fourth. A billionth of an instance is far more than the error of
/// three roundings and far less than any load that matters.
pub const ROUNDING_SLACK: f64 = 1e-9;

/// The mean utilization from which on a group counts as overloaded.
///
/// Google says "close to 100 %" and names no number. A group that balances its load unevenly has
/// full members well before its mean reads 1.0, and a sampled mean of a full group wavers by a few
/// percent; at 0.95 both still count as full.
pub const SATURATION: f64 = 0.95;

/// The instances that bring the mean `utilization` of so many `instances` down to `target`.
///
/// Rounds up, which is conservative both ways: where 1.5 more are needed it adds 2, and where 1.5
/// could go it lets 1 go. At least one, since a signal that is measured on instances needs one.
pub fn size_for(instances: u32, utilization: f64, target: f64) -> u32 {
    multiplied(instances, utilization, target).max(1)
}

/// [`size_for`] a value of the whole group, which may need no instance at all.
pub(crate) fn multiplied(instances: u32, value: f64, target: f64) -> u32 {
    round_up(f64::from(instances) * value / target)
}

/// The instances that a `total` of work needs, at so much for each; none for no work.
pub fn size_for_assignment(total: f64, share: f64) -> u32 {
    round_up(total / share)
}

/// The cast saturates, and makes 0 of what is not a number.
fn round_up(exact: f64) -> u32 {
    (exact - ROUNDING_SLACK).ceil() as u32
}

/// The size up to which one step may grow an overloaded group: half as many again, one at least.
///
/// A full group hides how much more it would have used, so its reading says "more", not how much.
pub fn overload_limit(serving: u32) -> u32 {
    serving.saturating_add((serving / 2).max(1))
}

#[cfg(test)]
mod tests {
    use super::{multiplied, overload_limit, size_for, size_for_assignment};

    #[test]
    fn the_documented_examples_hold() {
        assert_eq!(size_for(10, 0.5, 0.8), 7);
        assert_eq!(size_for(10, 0.4, 0.6), 7);
        assert_eq!(size_for(10, 1100.0, 1000.0), 11);
        assert_eq!(size_for(10, 2700.0, 2000.0), 14);
    }

    #[test]
    fn rounding_is_conservative_both_ways() {
        // 3 instances need 4.5: add 2. 5 could be 3.5: let 1 go.
        assert_eq!(size_for(3, 0.75, 0.5), 5);
        assert_eq!(size_for(5, 0.35, 0.5), 4);
    }

    #[test]
    fn an_exact_quotient_is_not_rounded_up_for_its_last_digit() {
        assert_eq!(size_for(7, 0.3, 0.7), 3);
        for size in 1..=2000 {
            for percent in 1..=100 {
                let target = f64::from(percent) / 100.0;
                assert_eq!(size_for(size, target, target), size);
            }
        }
    }

    #[test]
    fn no_load_still_needs_one_instance() {
        assert_eq!(size_for(3, 0.0, 0.5), 1);
        assert_eq!(size_for(0, 0.0, 0.5), 1);
    }

    #[test]
    fn work_of_the_group_is_divided_by_the_share_of_an_instance() {
        assert_eq!(size_for_assignment(100.0, 5.0), 20);
        assert_eq!(size_for_assignment(101.0, 5.0), 21);
        assert_eq!(size_for_assignment(0.0, 5.0), 0);
        assert_eq!(multiplied(4, 0.0, 5.0), 0);
    }

    #[test]
    fn absurd_numbers_saturate() {
        assert_eq!(size_for(u32::MAX, f64::MAX, f64::MIN_POSITIVE), u32::MAX);
        assert_eq!(size_for(1, f64::NAN, 0.5), 1);
        assert_eq!(size_for_assignment(f64::MAX, 1e-300), u32::MAX);
        assert_eq!(overload_limit(u32::MAX), u32::MAX);
    }

    #[test]
    fn an_overloaded_group_grows_by_half_and_by_one_at_least() {
        let limits = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (5, 7), (10, 15)];
        for (serving, limit) in limits {
            assert_eq!(overload_limit(serving), limit, "{serving}");
        }
    }
}
