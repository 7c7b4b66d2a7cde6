//! From the control plane's series to charts with captions.

use control_plane::{Charts, HistoryEntry, HistoryKind};

use crate::{
    chart::{Chart, Look, Mark, MarkKind, Point, Series, Unit, segments, steps_only},
    text,
};

/// The charts of a group, always the same ones in the same order.
pub(super) fn charts(data: &Charts) -> Vec<Chart> {
    vec![size(data), cpu(data), requests(data), latency(data)]
}

type Raw = [(autoscaler::Timestamp, f64)];

struct Maker<'a> {
    data: &'a Charts,
}

impl Maker<'_> {
    fn points(&self, raw: &Raw, precision: f64) -> Vec<Point> {
        raw.iter()
            .map(|(at, value)| {
                (
                    at.0 - self.data.from.0,
                    (value * precision).round() / precision,
                )
            })
            .collect()
    }

    fn steps(&self, name: &str, look: Look, raw: &Raw) -> Series {
        let runs = segments(&self.points(raw, 1_000.0), self.data.step_ms);
        let segments = runs.iter().map(|run| steps_only(run)).collect();
        Series {
            name: name.to_owned(),
            look,
            segments,
        }
    }

    /// A value of the policy. It holds between its changes, so nothing between two points is a gap.
    fn policy(&self, name: &str, look: Look, raw: &Raw) -> Series {
        let run = steps_only(&self.points(raw, 1_000.0));
        let segments = if run.is_empty() {
            Vec::new()
        } else {
            vec![run]
        };
        Series {
            name: name.to_owned(),
            look,
            segments,
        }
    }

    fn measured(&self, name: &str, raw: &Raw, precision: f64) -> Series {
        let segments = segments(&self.points(raw, precision), self.data.step_ms);
        Series {
            name: name.to_owned(),
            look: Look::Measured,
            segments,
        }
    }

    fn chart(&self, title: &str, unit: Unit, series: Vec<Series>, caption: String) -> Chart {
        Chart {
            title: title.to_owned(),
            caption,
            unit,
            from: self.data.from.0,
            to: self.data.to.0,
            step: self.data.step_ms,
            series,
            marks: self
                .data
                .events
                .iter()
                .filter_map(|event| self.mark(event))
                .collect(),
        }
    }

    fn mark(&self, event: &HistoryEntry) -> Option<Mark> {
        let kind = match event.kind {
            HistoryKind::Scaling => MarkKind::Scaling,
            HistoryKind::Change => MarkKind::Change,
            HistoryKind::Status | HistoryKind::Hold => return None,
        };
        Some(Mark {
            at: event.at.0 - self.data.from.0,
            kind,
            text: event.sentence.clone(),
        })
    }
}

fn size(data: &Charts) -> Chart {
    let make = Maker { data };
    let series = vec![
        make.policy("Minimum", Look::Bound, &data.min),
        make.policy("Maximum", Look::Bound, &data.max),
        make.steps("Recommended", Look::Recommended, &data.recommended),
        make.steps("Size", Look::Size, &data.size),
    ];
    let caption = span(&data.size).map_or_else(
        || "No sizes were recorded in this window.".to_owned(),
        |span| {
            let now = text::plural(span.last as u64, "instance", "instances");
            if span.low == span.high {
                format!("{now} throughout.")
            } else {
                format!(
                    "{now} now; between {} and {} in this window.",
                    span.low, span.high
                )
            }
        },
    );
    make.chart("Size", Unit::Count, series, caption)
}

fn cpu(data: &Charts) -> Chart {
    let make = Maker { data };
    let measured = make.measured("CPU", &data.cpu, 1_000.0);
    let target = make.policy("Target", Look::Target, &data.cpu_target);
    let overload = overload(data);
    let caption = span(&data.cpu).map_or_else(
        || "No utilization was recorded in this window.".to_owned(),
        |span| {
            let (last, high) = (text::percent(span.last), text::percent(span.high));
            format!("Mean utilization is {last}; its peak in this window was {high}.")
        },
    );
    let overload = Series {
        name: "Overload".to_owned(),
        look: Look::Overload,
        segments: segments(&make.points(&overload, 1_000.0), data.step_ms),
    };
    make.chart(
        "CPU against target",
        Unit::Percent,
        vec![measured, overload, target],
        caption,
    )
}

/// The utilization where it was above its target while the group could not grow.
fn overload(data: &Charts) -> Vec<(autoscaler::Timestamp, f64)> {
    let at = |series: &Raw, when: autoscaler::Timestamp| {
        let next = series.partition_point(|(at, _)| at.0 <= when.0);
        next.checked_sub(1)
            .and_then(|index| series.get(index))
            .map(|(_, value)| *value)
    };
    data.cpu
        .iter()
        .filter(|(when, value)| {
            let target = at(&data.cpu_target, *when);
            let (size, max) = (at(&data.size, *when), at(&data.max, *when));
            matches!((target, size, max), (Some(target), Some(size), Some(max)) if *value > target && size >= max)
        })
        .copied()
        .collect()
}

fn requests(data: &Charts) -> Chart {
    let make = Maker { data };
    let caption = span(&data.requests_per_second).map_or_else(
        || "No requests were recorded in this window.".to_owned(),
        |span| {
            format!(
                "{} now, at most {}.",
                text::rate(span.last),
                text::rate(span.high)
            )
        },
    );
    let series = vec![make.measured("Requests", &data.requests_per_second, 100.0)];
    make.chart("Requests per second", Unit::Rate, series, caption)
}

fn latency(data: &Charts) -> Chart {
    let make = Maker { data };
    let caption = span(&data.p95_ms).map_or_else(
        || "No latency was recorded in this window.".to_owned(),
        |span| {
            let (last, high) = (text::milliseconds(span.last), text::milliseconds(span.high));
            format!("95 of 100 requests took less than {last} lately; {high} at worst.")
        },
    );
    let series = vec![make.measured("p95", &data.p95_ms, 100.0)];
    make.chart("Latency, p95", Unit::Milliseconds, series, caption)
}

struct Span {
    low: f64,
    high: f64,
    last: f64,
}

fn span(raw: &Raw) -> Option<Span> {
    let (_, last) = *raw.last()?;
    let values = || raw.iter().map(|(_, value)| *value);
    Some(Span {
        low: values().fold(last, f64::min),
        high: values().fold(last, f64::max),
        last,
    })
}

#[cfg(test)]
mod tests {
    use autoscaler::Timestamp;

    use super::*;

    fn line(values: &[f64]) -> Vec<(Timestamp, f64)> {
        (0..)
            .zip(values)
            .map(|(index, value)| (Timestamp(index * 10), *value))
            .collect()
    }

    fn data() -> Charts {
        Charts {
            from: Timestamp(0),
            to: Timestamp(100),
            step_ms: 10,
            size: line(&[2.0, 2.0, 6.0, 6.0]),
            recommended: line(&[2.0, 6.0, 6.0, 6.0]),
            min: line(&[2.0, 2.0, 2.0, 2.0]),
            max: line(&[6.0, 6.0, 6.0, 6.0]),
            cpu: line(&[0.1, 0.9, 0.9, 0.4]),
            cpu_target: line(&[0.5, 0.5, 0.5, 0.5]),
            requests_per_second: Vec::new(),
            p95_ms: Vec::new(),
            events: Vec::new(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn overload_is_above_the_target_only_while_the_group_cannot_grow() {
        assert_eq!(overload(&data()), [(Timestamp(20), 0.9)]);
    }

    #[test]
    fn a_policy_holds_between_its_changes() {
        let mut data = data();
        data.cpu_target = vec![(Timestamp(0), 0.5), (Timestamp(100), 0.5)];
        let target = &charts(&data)[1].series[2];
        assert_eq!(target.segments, [vec![(0, 0.5), (100, 0.5)]]);
        assert_eq!(target.value_at(50, 40), Some(0.5));
    }

    #[test]
    fn captions_say_what_the_picture_shows() {
        let charts = charts(&data());
        assert_eq!(
            charts[0].caption,
            "6 instances now; between 2 and 6 in this window."
        );
        assert!(charts[1].caption.contains("peak in this window was 90"));
        assert_eq!(
            charts[2].caption,
            "No requests were recorded in this window."
        );
    }

    #[test]
    fn the_same_charts_come_in_the_same_order_even_without_data() {
        let nothing = Charts {
            size: Vec::new(),
            recommended: Vec::new(),
            min: Vec::new(),
            max: Vec::new(),
            cpu: Vec::new(),
            cpu_target: Vec::new(),
            ..data()
        };
        let titles = |data: &Charts| {
            charts(data)
                .into_iter()
                .map(|c| c.title)
                .collect::<Vec<_>>()
        };
        assert_eq!(titles(&nothing), titles(&data()));
    }
}
