//! The trace that a group of [`Group`] leaves in Monitoring: one value a minute.

use autoscaler::Timestamp;
use autoscaler::backtest::{MINUTE_S, Trace};

use crate::group::Group;

/// Runs a group second by second under a load for each minute, and records it as Monitoring does: the
/// mean of the minute's CPU over all instances, and the last sizes.
pub(crate) fn record(group: &mut Group, loads: &[f64]) -> Trace {
    let start = group.now;
    let mut trace = Trace::new(start, MINUTE_S);
    for load in loads {
        let mut used = 0.0;
        let mut recommended = group.size();
        for _ in 0..MINUTE_S {
            let working = group.working_after(1);
            recommended = group.tick(*load).recommended;
            used += group.used(*load, working);
        }
        trace.cpu.push(Some(used / f64::from(MINUTE_S)));
        trace.size.push(Some(group.size()));
        trace.serving.push(Some(group.working_after(0)));
        trace.recommended.push(Some(recommended));
    }
    assert_eq!(
        trace.end(),
        Timestamp(start.0 + 60_000 * loads.len() as i64)
    );
    trace
}
