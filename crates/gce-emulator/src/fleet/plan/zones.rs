//! Instances evenly over zones.

use std::collections::BTreeMap;

/// How many instances each zone has.
pub(super) type Counts = BTreeMap<String, usize>;

/// Counts what is in each of `zones`.
pub(super) fn count<'a>(zones: &[String], placed: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts: Counts = zones.iter().map(|zone| (zone.clone(), 0)).collect();
    for zone in placed {
        if let Some(count) = counts.get_mut(zone) {
            *count += 1;
        }
    }
    counts
}

/// The zone that has least, which then has one more.
pub(super) fn take_emptiest(counts: &mut Counts) -> Option<String> {
    let (zone, count) = counts.iter_mut().min_by_key(|(_, count)| **count)?;
    *count += 1;
    Some(zone.clone())
}

/// The zone that has most, which then has one less.
pub(super) fn take_fullest(counts: &mut Counts) -> Option<String> {
    let (zone, count) = counts.iter_mut().max_by_key(|(_, count)| **count)?;
    *count = count.checked_sub(1)?;
    Some(zone.clone())
}

/// Whether no move would make the zones more even.
pub(super) fn are_even(counts: &Counts) -> bool {
    let (most, least) = (counts.values().max(), counts.values().min());
    most.zip(least)
        .is_none_or(|(most, least)| *most <= least + 1)
}

/// Moves one from the fullest zone to the emptiest if that makes them more even: from where.
pub(super) fn shift(counts: &mut Counts) -> Option<String> {
    if are_even(counts) {
        return None;
    }
    take_emptiest(counts);
    take_fullest(counts)
}
