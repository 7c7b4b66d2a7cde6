//! What the panel knows, and what it does about it.

#[cfg(feature = "hydrate")]
use autoscaler::backtest::Frontier;
use autoscaler::{Policy, backtest::Point};
use leptos::prelude::*;

use super::{Bench, Opened, Outcome, Span, point};
use crate::console::policy::{Fields, PolicyForm};

/// What the panel shows, and what it shows it from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workbench {
    pub(super) span: RwSignal<Option<Span>>,
    pub(super) outcome: RwSignal<Option<Result<Outcome, String>>>,
    /// The policies of the sweep, by rising cost.
    pub(super) points: RwSignal<Vec<Point>>,
    /// How much of the sweep is done, 0 to 1; `None` while none runs.
    pub(super) progress: RwSignal<Option<f64>>,
    /// The load is on its way.
    pub(super) is_busy: RwSignal<bool>,
    /// The load; only in the browser, once it has arrived.
    pub(super) bench: RwSignal<Option<Bench>>,
    /// The sweep that runs.
    #[cfg(feature = "hydrate")]
    pub(super) sweep: StoredValue<Option<Frontier>>,
    pub(super) form: StoredValue<PolicyForm>,
    pub(super) typed: RwSignal<Fields>,
}

impl Workbench {
    /// Shows what the server drew, and follows `typed` from when the load has arrived.
    pub(crate) fn new(
        opened: Option<Opened>,
        form: StoredValue<PolicyForm>,
        typed: RwSignal<Fields>,
    ) -> Self {
        let span = opened.as_ref().map(|opened| opened.span);
        let (outcome, points) = opened.map(|opened| (opened.outcome, opened.points)).unzip();
        let workbench = Self {
            span: RwSignal::new(span),
            outcome: RwSignal::new(outcome),
            points: RwSignal::new(points.unwrap_or_default()),
            progress: RwSignal::new(None),
            is_busy: RwSignal::new(false),
            bench: RwSignal::new(None),
            #[cfg(feature = "hydrate")]
            sweep: StoredValue::new(None),
            form,
            typed,
        };
        Effect::new(move |_| workbench.run());
        #[cfg(feature = "hydrate")]
        super::sweep::follow(workbench);
        if let Some(span) = span {
            Effect::new(move |_| workbench.open(span));
        }
        workbench
    }

    pub(super) fn is_open(self) -> bool {
        self.span.with(Option::is_some)
    }

    /// What was typed, if it is a policy.
    pub(super) fn candidate(self) -> Option<Policy> {
        let Self { form, typed, .. } = self;
        typed.with(|typed| form.with_value(|form| form.candidate(typed)))
    }

    /// Tries what was typed. What cannot be a policy leaves the last numbers.
    fn run(self) {
        let candidate = self.candidate();
        let outcome = self.bench.with(|bench| {
            let (bench, candidate) = bench.as_ref().zip(candidate.as_ref())?;
            Some(bench.outcome(candidate))
        });
        if let Some(outcome) = outcome {
            self.outcome.set(Some(Ok(outcome)));
        }
    }

    /// Writes a policy of the sweep into the form.
    pub(super) fn fill(self, chosen: &Point) {
        self.typed.update(|typed| point::write(chosen, typed));
    }

    /// Asks for the load of `span`.
    #[cfg(feature = "hydrate")]
    pub(super) fn open(self, span: Span) {
        self.span.set(Some(span));
        self.is_busy.set(true);
        leptos::task::spawn_local(async move {
            let group = self.form.with_value(|form| form.group.clone());
            let load = super::fetch::load(&group, span).await;
            // Another span was chosen meanwhile.
            if self.span.get_untracked() != Some(span) {
                return;
            }
            self.is_busy.set(false);
            let present = self.form.with_value(PolicyForm::present);
            let bench = load.and_then(|load| {
                let present = present.ok_or("The present policy cannot be read.")?;
                Bench::new(load, present)
            });
            match bench {
                Ok(bench) => self.bench.set(Some(bench)),
                Err(reason) => {
                    self.bench.set(None);
                    self.outcome.set(Some(Err(reason)));
                }
            }
        });
    }

    /// On the server a page is asked for instead.
    #[cfg(not(feature = "hydrate"))]
    pub(super) fn open(self, span: Span) {
        self.span.set(Some(span));
    }
}
