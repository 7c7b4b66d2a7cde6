//! The steps of a plan while they are taken: on a terminal a moving line for each that is under way, and
//! everywhere a line for each that is done.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
    time::Duration,
};

use control_plane::deployment::{Plan, Progress, Step, Values, apply};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Target;
use crate::{cloud, failure::Failure};

/// The steps of a plan while they are taken.
pub(super) struct Steps<'a> {
    target: &'a Target,
    values: Values,
    lines: Lines,
}

/// What somebody sees of the steps.
struct Lines {
    done: usize,
    count: usize,
    /// Moving lines, on a terminal.
    moving: Option<MultiProgress>,
    under_way: HashMap<String, ProgressBar>,
}

/// Often enough to be seen moving.
const TICK: Duration = Duration::from_millis(120);
const MOVING: &str = "{spinner} {msg} {elapsed} {prefix}";

impl<'a> Steps<'a> {
    /// Those of `plan` that do something are counted; they may be taken in parts.
    pub(super) fn of(plan: &Plan, target: &'a Target, values: Values) -> Self {
        let moving = || MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        Self {
            target,
            values,
            lines: Lines {
                done: 0,
                count: plan.steps.iter().filter(|step| step.acts()).count(),
                moving: io::stdout().is_terminal().then(moving),
                under_way: HashMap::new(),
            },
        }
    }

    /// Takes a part of them.
    pub(super) async fn take(&mut self, part: &Plan) -> Result<(), Failure> {
        let lines = &mut self.lines;
        let tell = |told: Progress<'_>| match told {
            Progress::Begun(step) => lines.begin(step),
            Progress::Done(step, took) => lines.end(step, took),
        };
        let applied = apply(&self.target.client, part, &self.values, tell).await;
        // Those that failed, or were under way when another did.
        for (_, line) in self.lines.under_way.drain() {
            line.finish_and_clear();
        }
        applied.map_err(|error| {
            Failure::broken_because("stopped, and the next run continues from here", &error)
        })
    }
}

impl Lines {
    fn begin(&mut self, step: &Step) {
        let Some(moving) = &self.moving else {
            return;
        };
        let line = moving.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template(MOVING) {
            line.set_style(style);
        }
        line.set_message(step.to_string());
        // A cloud on this machine takes as long as its clock is set to.
        if let Some(expected) = step.expected().filter(|_| !cloud::is_local()) {
            line.set_prefix(format!("of about {} s", expected.as_secs()));
        }
        line.enable_steady_tick(TICK);
        self.under_way.insert(step.to_string(), line);
    }

    fn end(&mut self, step: &Step, took: Duration) {
        self.done += 1;
        let Self { done, count, .. } = self;
        let line = format!("[{done}/{count}] {step} ({:.1} s)", took.as_secs_f64());
        if let Some(moving) = self.under_way.remove(&step.to_string()) {
            moving.finish_and_clear();
        }
        let Some(moving) = &self.moving else {
            println!("{line}");
            return;
        };
        // A terminal that is gone has nobody to tell.
        let _ = moving.println(line);
    }
}
