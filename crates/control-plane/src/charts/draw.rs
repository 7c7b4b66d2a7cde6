//! One gather for all the charts of a group's page.

use autoscaler::Timestamp;
use gce::{Client, Error};
use serde_json::Value;

use super::bounds::steps;
use super::gather::{Measured, measured};
use super::grid::Grid;
use super::{Charts, Series, Window};
use crate::history::{Subject, page};
use crate::source::explain;
use crate::{HistoryEntry, HistoryQuery, Problem, time};

/// More marks than these would cover the chart. A step has two points for each, so that a series of
/// steps stays within [`super::MAX_POINTS`] too.
const EVENTS: u32 = 140;

/// Reads the charts of a group whose policy now is `policy`. Events that cannot be read are missing,
/// and said to be; numbers that cannot be read are an error.
pub(crate) async fn charts(
    client: Client,
    subject: Subject,
    policy: Value,
    window: Window,
) -> Result<Charts, Error> {
    let grid = Grid::new(window, time::now(&client));
    let subject = Subject {
        since: Some(grid.from),
        ..subject
    };
    let query = HistoryQuery {
        page_size: EVENTS,
        ..HistoryQuery::default()
    };
    let (measured, events) = tokio::join!(
        measured(&client, &subject.group, grid),
        page(&client, &subject, query)
    );
    let (events, problems) = match events {
        Ok(page) => (page.entries, Vec::new()),
        Err(error) => (Vec::new(), vec![missing_events(&error, grid.now)]),
    };
    Ok(draw(grid, measured?, &policy, events, problems))
}

fn draw(
    grid: Grid,
    measured: Measured,
    policy: &Value,
    events: Vec<HistoryEntry>,
    problems: Vec<Problem>,
) -> Charts {
    let bound = |field: &str| {
        let pointer = format!("/{}", field.replace('.', "/"));
        let current = policy.pointer(&pointer).and_then(Value::as_f64);
        steps(field, current, &events, (grid.from, grid.now))
    };
    // A new group has no measured bounds for its first minutes, but its policy is known.
    let or_policy = |series: Series, field| {
        if series.is_empty() {
            bound(field)
        } else {
            series
        }
    };
    Charts {
        from: grid.from,
        to: grid.now,
        step_ms: grid.step_ms,
        min: or_policy(measured.min, "minNumReplicas"),
        max: or_policy(measured.max, "maxNumReplicas"),
        cpu_target: bound("cpuUtilization.utilizationTarget"),
        size: measured.size,
        recommended: measured.recommended,
        cpu: measured.cpu,
        requests_per_second: measured.requests_per_second,
        p95_ms: measured.p95_ms,
        events,
        problems,
    }
}

fn missing_events(error: &Error, since: Timestamp) -> Problem {
    Problem {
        source: "history".to_owned(),
        message: explain(error),
        since,
    }
}
