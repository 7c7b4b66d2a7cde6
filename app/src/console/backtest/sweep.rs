//! The sweep in the browser, in slices between which it draws and answers.

use std::time::Duration;

use autoscaler::{
    Policy,
    backtest::{Frontier, Point},
};
use leptos::prelude::*;

use super::Workbench;

/// A slice ends after this: with what it does besides it stays below half a frame of 16 ms, so that
/// dragging stays smooth.
const SLICE_MS: f64 = 6.0;
/// Steps of the load between two looks at the clock, well below a millisecond.
const STEPS: usize = 500;

/// Sweeps again whenever there is another load, or something else was typed that no point varies.
pub(super) fn follow(workbench: Workbench) {
    let base = Memo::new(move |last: Option<&Option<Policy>>| {
        let typed = workbench.candidate();
        let base = workbench.bench.with(|bench| {
            let (bench, typed) = bench.as_ref().zip(typed.as_ref())?;
            Some(bench.base(typed))
        });
        // What cannot be a policy leaves the last sweep.
        base.or_else(|| last.cloned().flatten())
    });
    Effect::new(move |_| {
        let base = base.get();
        let sweep = workbench.bench.with(|bench| {
            let (bench, base) = bench.as_ref().zip(base.as_ref())?;
            Some(bench.sweep(base))
        });
        start(workbench, sweep);
    });
}

/// Puts `sweep` in the place of the one that runs.
fn start(workbench: Workbench, sweep: Option<Frontier>) {
    let was_running = workbench.sweep.with_value(Option::is_some);
    let runs = sweep.is_some();
    workbench.sweep.set_value(sweep);
    workbench.progress.set(runs.then_some(0.0));
    if runs && !was_running {
        later(workbench);
    }
}

fn later(workbench: Workbench) {
    set_timeout(move || slice(workbench), Duration::ZERO);
}

enum Slice {
    Part(f64),
    Whole(Vec<Point>),
}

fn slice(workbench: Workbench) {
    let made = workbench.sweep.try_update_value(advance).flatten();
    match made {
        Some(Slice::Part(share)) => {
            workbench.progress.set(Some(share));
            later(workbench);
        }
        Some(Slice::Whole(points)) => {
            workbench.progress.set(None);
            workbench.points.set(points);
        }
        None => {}
    }
}

/// Goes on until the slice is over; `None` if the sweep was given up meanwhile.
fn advance(sweep: &mut Option<Frontier>) -> Option<Slice> {
    let until = now() + SLICE_MS;
    let running = sweep.as_mut()?;
    while running.advance(STEPS) {
        if now() >= until {
            let (made, of) = running.progress();
            return Some(Slice::Part(made as f64 / of as f64));
        }
    }
    let points = running.points();
    *sweep = None;
    Some(Slice::Whole(points))
}

/// Milliseconds since the page began.
fn now() -> f64 {
    window()
        .performance()
        .map_or(f64::INFINITY, |performance| performance.now())
}
