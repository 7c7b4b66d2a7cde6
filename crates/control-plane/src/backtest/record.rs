//! One reading of everything that a backtest needs.

use std::time::Duration;

use autoscaler::backtest::{Model, Trace};
use autoscaler::{MetricUtilization, Policy, Timestamp};
use gce::{Client, Error};

use super::span::Span;
use super::{Recording, backend, boot, machine_type, measured};
use crate::history::{Subject, page};
use crate::source::explain;
use crate::{HistoryKind, HistoryQuery, Instance, time};

/// What is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) subject: Subject,
    /// The group's present policy.
    pub(crate) policy: Policy,
    /// The metrics whose totals are wanted, the policy's among them.
    pub(crate) metrics: Vec<MetricUtilization>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) length: Duration,
}

/// Reads a group's load. What cannot be read besides is assumed, and said to be.
pub(crate) async fn recording(client: Client, asked: Asked) -> Result<Recording, Error> {
    let now = time::now(&client);
    let span = Span::before(now, asked.length);
    let group = &asked.subject.group;
    let (trace, changed, machine_type, boot_s, rate) = tokio::join!(
        measured::measured(&client, group, &asked.metrics, span),
        policy_since(&client, &asked.subject, span.from),
        machine_type::machine_type(&client, group),
        boot::boot_s(&client, group, &asked.instances),
        backend::max_rate_per_instance(&client, group),
    );
    let mut missing = Vec::new();
    let mut trace = trimmed(trace?);
    trace.policy_since = known("when the policy was changed last", changed, &mut missing).flatten();
    trace.zones = zones::of_policy(&asked.policy, now);
    let machine_type = known("the machine type", machine_type, &mut missing).flatten();
    let machine_type = machine_type.unwrap_or_default();
    let initialization_s = u32::try_from(asked.policy.cool_down.as_secs()).unwrap_or(u32::MAX);
    let model = Model::of_machine_type(&machine_type);
    Ok(Recording {
        model: Model {
            boot_s: boot_s.unwrap_or(model.boot_s),
            initialization_s,
            max_rate_per_instance: known("the backend's rate", rate, &mut missing).flatten(),
            ..model
        },
        boot_measured: boot_s.is_some(),
        trace,
        machine_type,
        missing,
    })
}

fn known<T>(what: &str, answer: Result<T, Error>, missing: &mut Vec<String>) -> Option<T> {
    answer
        .map_err(|error| missing.push(format!("{what}: {}", explain(&error))))
        .ok()
}

/// When the policy was changed last within the span, by whoever.
async fn policy_since(
    client: &Client,
    subject: &Subject,
    from: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let subject = Subject {
        since: Some(from),
        ..subject.clone()
    };
    let query = HistoryQuery {
        kind: Some(HistoryKind::Change),
        ..HistoryQuery::default()
    };
    let page = page(client, &subject, query).await?;
    let changed = page.entries.iter().find(|entry| !entry.changes.is_empty());
    Ok(changed.map(|entry| entry.at))
}

/// Without the minutes before the first and after the last that say anything: before the group
/// existed, and what Monitoring has not shown yet.
pub(super) fn trimmed(mut trace: Trace) -> Trace {
    let says = |index: &usize| {
        let has = |column: &[Option<f64>]| column.get(*index).copied().flatten().is_some();
        has(&trace.cpu) || trace.recommended.get(*index).copied().flatten().is_some()
    };
    let last = (0..trace.len()).rev().find(says).map_or(0, |last| last + 1);
    let first = (0..last).find(says).unwrap_or(0);
    trace = trace.slice(first..last);
    trace
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_that_say_nothing_are_cut_off_at_both_ends() {
        let trace = Trace {
            cpu: vec![None, None, Some(1.0), None, Some(2.0), None],
            requests_per_second: vec![None, Some(0.0), Some(3.0)],
            ..Trace::default()
        };
        let cut = trimmed(trace);
        assert_eq!(cut.start, Timestamp(120_000));
        assert_eq!(cut.cpu, [Some(1.0), None, Some(2.0)]);
        assert_eq!(cut.requests_per_second, [Some(3.0)]);
        assert!(trimmed(Trace::default()).is_empty());
    }
}
