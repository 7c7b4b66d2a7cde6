//! Every text that comes from a cloud is shown as text.

#![cfg(feature = "ssr")]

use app::{
    chart::{Chart, Mark, MarkKind, Unit},
    console::{
        backtest::{Figure, Opened, Outcome, Rough, Row, Span, Tone},
        group::{ChartPanel, GroupHead, Head, Signal, Why, WhyPanel},
        history::{ChangeRow, HistoryKind, HistoryList, HistoryRow, HistoryView},
        instances::{DrillRow, InstanceList, InstanceRow, InstanceTable},
        overview::{GroupList, GroupRow, LastEvent, Overview},
        policy::{Fields, PolicyEditor, PolicyForm},
    },
    parts::Trouble,
};
use autoscaler::backtest::{Point, Totals};
use leptos::prelude::{IntoView, Owner, RenderHtml, view};

const HOSTILE: &str = "</title></textarea>\"'><script>alert(1)</script>";

fn hostile() -> String {
    HOSTILE.to_owned()
}

#[track_caller]
fn check<V: IntoView>(draw: impl FnOnce() -> V) {
    let html = Owner::new_root(None).with(|| draw().into_view().to_html());
    assert!(
        html.contains("alert(1)"),
        "the text is not shown at all: {html}"
    );
    for markup in ["<script>", "</textarea>", "</title></"] {
        assert!(!html.contains(markup), "{markup} became markup: {html}");
    }
}

fn troubles() -> Vec<Trouble> {
    vec![Trouble {
        source: hostile(),
        message: hostile(),
        since: 0,
    }]
}

#[test]
fn the_head_of_a_group() {
    let head = Head {
        now: 0,
        sentence: hostile(),
        target_size: 2,
        running: 2,
        healthy: None,
        bounds: None,
        cpu: None,
        cpu_target: None,
        requests: None,
        p95: None,
        troubles: troubles(),
    };
    check(|| view! { <GroupHead initial=head /> });
}

#[test]
fn the_reason_of_a_size() {
    let why = Why {
        now: 0,
        recommended: None,
        mode: Some(hostile()),
        reason: Some(hostile()),
        since: None,
        signal: Some(Signal {
            name: hostile(),
            value: None,
            target: None,
        }),
        limit: Some(hostile()),
        held: None,
        outlook: Some((hostile(), hostile())),
        details: vec![hostile()],
    };
    check(|| view! { <WhyPanel initial=why /> });
}

#[test]
fn a_chart() {
    let chart = Chart {
        title: hostile(),
        caption: hostile(),
        unit: Unit::Count,
        from: 0,
        to: 1_000,
        step: 10,
        series: Vec::new(),
        marks: vec![Mark {
            at: 10,
            kind: MarkKind::Change,
            text: hostile(),
        }],
    };
    check(|| view! { <ChartPanel initial=vec![chart] /> });
}

#[test]
fn an_instance_and_its_drill() {
    let row = InstanceRow {
        name: hostile(),
        zone: hostile(),
        status: hostile(),
        action: hostile(),
        health: Some(hostile()),
        cpu: None,
        created: None,
        drill: Some(DrillRow {
            load: 1.0,
            until: 0,
            by: hostile(),
        }),
    };
    let table = InstanceTable {
        now: 0,
        group: hostile(),
        rows: vec![row],
        page: 1,
        pages: 1,
        total: 1,
        may_drill: true,
    };
    check(|| view! { <InstanceList initial=table /> });
}

#[test]
fn an_entry_of_the_history() {
    let row = HistoryRow {
        at: 0,
        kind: HistoryKind::Change,
        from: None,
        to: None,
        sentence: hostile(),
        signal: None,
        limit: Some(hostile()),
        author: Some(hostile()),
        address: Some(hostile()),
        changes: vec![ChangeRow {
            label: hostile(),
            before: hostile(),
            after: hostile(),
        }],
        note: hostile(),
        operation: Some(hostile()),
    };
    check(|| view! { <HistoryList initial=HistoryView { now: 0, rows: vec![row] } /> });
}

#[test]
fn a_group_in_the_overview() {
    let row = GroupRow {
        name: hostile(),
        location: hostile(),
        target_size: 1,
        running: 1,
        healthy: None,
        bounds: None,
        cpu: None,
        cpu_target: None,
        last: Some(LastEvent {
            at: 0,
            sentence: hostile(),
        }),
    };
    let overview = Overview {
        now: 0,
        groups: vec![row],
        troubles: troubles(),
    };
    check(|| view! { <GroupList initial=overview /> });
}

fn form(typed: Fields) -> PolicyForm {
    PolicyForm {
        group: hostile(),
        path: hostile(),
        window: hostile(),
        base: hostile(),
        policy: serde_json::json!({ "note": HOSTILE }),
        current: Fields::default(),
        typed,
        review: true,
        overtaken: false,
        may_edit: true,
    }
}

#[test]
fn what_was_typed_into_the_form() {
    let form = form(Fields {
        min: hostile(),
        own: [(); 4].map(|()| hostile()),
        ..Fields::default()
    });
    check(|| view! { <PolicyEditor form=form opened=None /> });
}

fn point() -> Point {
    Point {
        target: Some(0.5),
        min: 2,
        stabilization_s: 600,
        totals: Totals::default(),
        on_front: true,
    }
}

#[test]
fn the_outcome_of_a_backtest() {
    let figure = Figure {
        label: hostile(),
        value: hostile(),
        difference: hostile(),
        tone: Tone::Same,
    };
    let outcome = Outcome {
        fidelity: hostile(),
        is_trusted: false,
        cost: figure.clone(),
        overload: figure,
        rows: vec![Row {
            name: hostile(),
            cells: vec![hostile()],
        }],
        charts: Vec::new(),
        basis: vec![hostile()],
        rough: Rough {
            present: Totals::default(),
            new: Totals::default(),
            minutes: 5,
            has_price: true,
        },
    };
    for outcome in [Ok(outcome), Err(hostile())] {
        let span = Span::Days7;
        let opened = Some(Opened {
            span,
            outcome,
            points: vec![point()],
        });
        check(|| view! { <PolicyEditor form=form(Fields::default()) opened=opened /> });
    }
}
