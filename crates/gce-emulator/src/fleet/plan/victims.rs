//! Who goes first.

use std::cmp::Ordering;

use super::{planner::Candidate, zones::Counts};

/// Google's order of victims: not running, then being disrupted, then not of the intended version,
/// then the lowest signal. An instance that is not in service yet comes before any that is, and
/// the zones of a regional group stay even. Of equals the youngest goes, which has served least.
pub(super) fn order(counts: &Counts, a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let rank = |candidate: &Candidate<'_>| {
        let member = candidate.member;
        (member.running, !member.disrupted, member.available)
    };
    let crowd = |candidate: &Candidate<'_>| counts.get(&candidate.member.zone).copied();
    let intended = |candidate: &Candidate<'_>| candidate.member.version == candidate.version;
    let signal = |candidate: &Candidate<'_>| candidate.member.cpu.unwrap_or(0.0);
    rank(a)
        .cmp(&rank(b))
        .then(crowd(b).cmp(&crowd(a)))
        .then(intended(a).cmp(&intended(b)))
        .then(signal(a).total_cmp(&signal(b)))
        .then(b.member.created.cmp(&a.member.created))
        .then(a.member.key.cmp(&b.member.key))
}
