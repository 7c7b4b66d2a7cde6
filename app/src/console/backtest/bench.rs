//! Trying policies on one load.

use autoscaler::{
    CpuUtilization, MetricUtilization, Policy,
    backtest::{
        Fidelity, Frontier, MINUTE_S, PRICES_AS_OF, PRICES_REGION, Report, Sweep, Totals, Trace,
        backtest, totals,
    },
};

use super::{
    Load, curves, figures,
    outcome::{Outcome, Rough},
};
use crate::text;

/// Steps of the load from which on a sweep makes five of them one: a day of minutes is below, a week
/// above.
const MANY_STEPS: usize = 2_880;
/// Steps of a long load that are one step of its sweep.
const COARSER: u32 = 5;

/// A load with the present policy replayed on it, which every candidate is compared with.
#[derive(Clone, Debug)]
pub struct Bench {
    load: Load,
    /// The load in the steps of a sweep.
    rough: Trace,
    /// The present policy in those.
    rough_present: Totals,
    present: Policy,
    replayed: Report,
    fidelity: Fidelity,
}

impl Bench {
    /// Replays the present policy; the error says why there is nothing to try a policy on.
    pub fn new(load: Load, present: Policy) -> Result<Self, String> {
        if load.trace.measured_steps() == 0 {
            return Err(
                "No load is on record for this span yet. It is measured every minute; the first reading comes within a few.".to_owned(),
            );
        }
        let replayed = backtest(&present, &load.trace, &load.model);
        let is_long = load.trace.len() > MANY_STEPS;
        let rough = load.trace.coarser(if is_long { COARSER } else { 1 });
        Ok(Self {
            rough_present: totals(&present, &rough, &load.model),
            rough,
            fidelity: Fidelity::of(&present, &replayed, &load.trace),
            replayed,
            present,
            load,
        })
    }

    /// What `candidate` would have done, beside the present policy.
    pub fn outcome(&self, candidate: &Policy) -> Outcome {
        let Load { trace, model, .. } = &self.load;
        let new = if *candidate == self.present {
            self.replayed.clone()
        } else {
            backtest(candidate, trace, model)
        };
        let (present, has_price) = (&self.replayed.totals, model.price_per_hour > 0.0);
        let happened = Totals::recorded(trace, model);
        Outcome {
            fidelity: self.fidelity.sentence(),
            is_trusted: !self.fidelity.is_below_bar(),
            cost: figures::cost(&new.totals, present, has_price),
            overload: figures::overload(&new.totals, present),
            rows: vec![
                figures::row("What happened", &happened, has_price),
                figures::row("Present policy", present, has_price),
                figures::row("New policy", &new.totals, has_price),
            ],
            charts: curves::charts(
                trace,
                &self.replayed,
                &new,
                candidate.cpu.map(|cpu| cpu.target),
            ),
            basis: self.basis(candidate),
            rough: Rough {
                present: self.rough_present,
                new: totals(candidate, &self.rough, model),
                minutes: self.rough.step_s.div_ceil(MINUTE_S),
                has_price,
            },
        }
    }

    /// `candidate` with what a sweep varies as it is at present: whoever drags one of those fields
    /// sees the same sweep.
    pub fn base(&self, candidate: &Policy) -> Policy {
        let target = self.present.cpu.map(|cpu| cpu.target);
        Policy {
            min: self.present.min.min(candidate.max),
            stabilization: self.present.stabilization,
            cpu: candidate.cpu.map(|cpu| CpuUtilization {
                target: target.unwrap_or(cpu.target),
                ..cpu
            }),
            ..candidate.clone()
        }
    }

    /// Many policies around `base`, of which none has been tried yet.
    pub fn sweep(&self, base: &Policy) -> Frontier {
        let (trace, model) = (self.rough.clone(), self.load.model.clone());
        Frontier::new(base, trace, model, &Sweep::around(base))
    }

    /// What the numbers rest on, in sentences.
    fn basis(&self, candidate: &Policy) -> Vec<String> {
        let Load {
            trace,
            model,
            machine_type,
            boot_measured,
            missing,
        } = &self.load;
        let span = text::duration(trace.end().0 - trace.start.0);
        let mut told = vec![format!(
            "{span} of load, {} of {} steps measured. The same load is shared by the instances that have started; what exceeds their reserved CPU is overload.",
            text::count(trace.measured_steps() as u64),
            text::count(trace.len() as u64),
        )];
        let boot = if *boot_measured {
            "as measured"
        } else {
            "assumed"
        };
        told.push(format!(
            "A new instance boots for {} s ({boot}) and warms up for {} s.",
            model.boot_s, model.initialization_s
        ));
        told.push(if model.price_per_hour > 0.0 {
            format!(
                "{machine_type} at ${:.4} an hour, {PRICES_REGION}, {PRICES_AS_OF}; disks, addresses and traffic come on top.",
                model.price_per_hour
            )
        } else {
            format!("The price of {} is not known.", or_else(machine_type, "this machine type"))
        });
        told.extend(unheard(trace, candidate));
        told.extend(
            missing
                .iter()
                .map(|what| format!("Assumed, since it could not be read: {what}.")),
        );
        told
    }
}

/// What a policy follows of which the load holds nothing. The replay treats it as an autoscaler
/// treats data that is missing.
fn unheard(trace: &Trace, policy: &Policy) -> impl Iterator<Item = String> {
    let has_values = |metric: &MetricUtilization| {
        let column = trace.metrics.get(&Trace::metric_name(metric));
        column.is_some_and(|values| values.iter().any(Option::is_some))
    };
    let metrics = policy.metrics.iter();
    let unheard = metrics.filter(move |metric| !has_values(metric));
    unheard.map(|metric| {
        format!(
            "Nothing was recorded of {}: it asks for no size here, and nothing shrinks without it.",
            metric.metric
        )
    })
}

fn or_else<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use autoscaler::{
        Timestamp,
        backtest::{Generator, Model, Trace},
    };

    use super::super::Tone;
    use super::*;

    /// A quiet half hour, then a load that needs five instances at a target of one half.
    fn load() -> Load {
        let shape = serde_json::json!({
            "shape": { "kind": "step", "low": 0.5, "high": 2.4, "atMinute": 30 },
            "minutes": 120,
        });
        let generator: Generator = serde_json::from_value(shape).unwrap();
        let model = Model::of_machine_type("e2-micro");
        let policy = Policy::default_for(2, 6, 0.5);
        let trace = generator.trace(Timestamp(0));
        let trace = backtest(&policy, &trace, &model).as_recording(&trace);
        Load {
            trace,
            model,
            machine_type: "e2-micro".into(),
            boot_measured: false,
            missing: Vec::new(),
        }
    }

    fn bench() -> Bench {
        Bench::new(load(), Policy::default_for(2, 6, 0.5)).unwrap()
    }

    #[test]
    fn the_present_policy_differs_from_itself_in_nothing() {
        let outcome = bench().outcome(&Policy::default_for(2, 6, 0.5));
        assert_eq!(outcome.cost.tone, Tone::Same);
        assert_eq!(outcome.overload.tone, Tone::Same);
        assert_eq!(outcome.rows[1].cells, outcome.rows[2].cells);
        assert!(outcome.is_trusted, "{}", outcome.fidelity);
    }

    #[test]
    fn what_a_sweep_varies_does_not_start_another_one() {
        let bench = bench();
        let present = Policy::default_for(2, 6, 0.5);
        assert_eq!(bench.base(&Policy::default_for(4, 6, 0.9)), present);
        let wider = bench.base(&Policy::default_for(4, 9, 0.9));
        assert_eq!(wider, Policy::default_for(2, 9, 0.5));
        assert_eq!(bench.base(&Policy::default_for(1, 1, 0.9)).min, 1);
    }

    #[test]
    fn a_policy_of_the_sweep_does_what_it_says() {
        let bench = bench();
        let present = Policy::default_for(2, 6, 0.5);
        let points = bench.sweep(&present).finish();
        let point = points[points.len() / 2];
        let mut candidate = Policy::default_for(point.min, 6, point.target.unwrap());
        candidate.stabilization = std::time::Duration::from_secs(point.stabilization_s.into());
        assert_eq!(bench.outcome(&candidate).rough.new, point.totals);
    }

    #[test]
    fn a_long_load_is_swept_in_coarser_steps() {
        let mut long = load();
        long.trace.cpu = long.trace.cpu.repeat(100);
        let bench = Bench::new(long, Policy::default_for(2, 6, 0.5)).unwrap();
        let outcome = bench.outcome(&Policy::default_for(2, 6, 0.5));
        assert_eq!(outcome.rough.minutes, 5);
    }

    #[test]
    fn a_higher_target_costs_less_and_overloads_longer() {
        let outcome = bench().outcome(&Policy::default_for(1, 6, 0.9));
        assert_eq!(outcome.cost.tone, Tone::Better, "{:?}", outcome.cost);
        assert_eq!(outcome.overload.tone, Tone::Worse, "{:?}", outcome.overload);
    }

    #[test]
    fn a_recording_that_another_policy_made_is_not_trusted() {
        let bench = Bench::new(load(), Policy::default_for(1, 2, 0.5)).unwrap();
        assert!(!bench.outcome(&Policy::default_for(1, 2, 0.5)).is_trusted);
    }

    #[test]
    fn without_load_there_is_a_reason_and_no_numbers() {
        let empty = Load {
            trace: Trace::default(),
            ..load()
        };
        let refused = Bench::new(empty, Policy::default_for(1, 2, 0.5)).unwrap_err();
        assert!(refused.starts_with("No load is on record"), "{refused}");
    }

    #[test]
    fn the_browser_gets_the_same_from_what_was_sent() {
        let sent = serde_json::to_string(&load()).unwrap();
        let policy = Policy::default_for(1, 6, 0.7);
        let there = Bench::new(
            serde_json::from_str(&sent).unwrap(),
            Policy::default_for(2, 6, 0.5),
        );
        assert_eq!(there.unwrap().outcome(&policy), bench().outcome(&policy));
    }

    #[test]
    fn what_is_assumed_is_said() {
        let mut load = load();
        load.missing.push("the machine type: it is gone".into());
        load.model.price_per_hour = 0.0;
        load.machine_type.clear();
        let bench = Bench::new(load, Policy::default_for(2, 6, 0.5)).unwrap();
        let basis = bench
            .outcome(&Policy::default_for(2, 6, 0.5))
            .basis
            .join(" ");
        assert!(
            basis.contains("The price of this machine type is not known."),
            "{basis}"
        );
        assert!(basis.contains("the machine type: it is gone"), "{basis}");
        assert!(basis.contains("45 s (assumed)"), "{basis}");
    }
}
