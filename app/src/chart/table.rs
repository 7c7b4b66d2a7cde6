//! The same numbers as a table, for whoever cannot see the picture.

use leptos::prelude::*;

use super::model::{Chart, Look};
use crate::text;

/// Rows of a table: enough to follow the curve, few enough to read aloud.
const ROWS: i64 = 30;

struct Row {
    at: i64,
    cells: Vec<String>,
}

fn rows(chart: &Chart) -> Vec<Row> {
    let shown: Vec<_> = chart
        .series
        .iter()
        .filter(|series| series.look != Look::Overload)
        .collect();
    (1..=ROWS)
        .map(|index| chart.span() * index / ROWS)
        .filter_map(|at| {
            let values: Vec<_> = shown
                .iter()
                .map(|series| series.value_at(at, chart.reach()))
                .collect();
            values.iter().any(Option::is_some).then(|| Row {
                at: chart.from + at,
                cells: values
                    .into_iter()
                    .map(|value| value.map_or_else(|| "–".to_owned(), |v| chart.unit.show(v)))
                    .collect(),
            })
        })
        .collect()
}

/// A table of the chart's values at evenly spaced times.
#[component]
pub(super) fn ChartTable(
    /// What to tabulate.
    chart: Chart,
) -> impl IntoView {
    let heads: Vec<_> = chart
        .series
        .iter()
        .filter(|series| series.look != Look::Overload)
        .map(|series| view! { <th scope="col">{series.name.clone()}</th> })
        .collect();
    let body: Vec<_> = rows(&chart)
        .into_iter()
        .map(|row| {
            let cells: Vec<_> = row
                .cells
                .into_iter()
                .map(|cell| view! { <td class="number">{cell}</td> })
                .collect();
            view! { <tr><th scope="row">{text::clock_time(row.at)}</th>{cells}</tr> }
        })
        .collect();
    view! {
        <div tabindex="0" role="group" aria-label=format!("{}, numbers", chart.title)>
        <table>
            <caption>{chart.caption.clone()}</caption>
            <thead><tr><th scope="col">"Time"</th>{heads}</tr></thead>
            <tbody>{body}</tbody>
        </table>
        </div>
    }
}
