//! A policy of the sweep in the words of the form.

use autoscaler::backtest::Point;

use super::Span;
use crate::console::policy::{Field, Fields, PolicyForm};

/// The fields that a sweep varies, with what `point` has in them.
pub(super) fn fields(point: &Point) -> impl Iterator<Item = (Field, String)> + use<> {
    let target = point.target.map(|target| {
        (
            Field::CpuTarget,
            Field::CpuTarget.typed(&target.to_string()),
        )
    });
    let others = [
        (Field::Minimum, point.min.to_string()),
        (Field::Stabilization, point.stabilization_s.to_string()),
    ];
    target.into_iter().chain(others)
}

/// Writes `point` over what was typed.
pub(super) fn write(point: &Point, typed: &mut Fields) {
    for (field, text) in fields(point) {
        typed.set(field, text);
    }
}

/// `CPU target 63 %, minimum 2, stabilization period 600 s`.
pub(super) fn name(point: &Point) -> String {
    let parts: Vec<_> = fields(point)
        .enumerate()
        .map(|(index, (field, text))| {
            let label = field.label();
            let label = if index == 0 {
                label.to_owned()
            } else {
                label.to_lowercase()
            };
            format!("{label} {}", field.show(&text))
        })
        .collect();
    parts.join(", ")
}

/// The page with `point` in the form, for a browser without a script. `typed` is what else the form
/// holds, and has to be a policy.
pub(super) fn href(form: &PolicyForm, typed: &Fields, span: Span, point: &Point) -> String {
    let mut there = typed.clone();
    write(point, &mut there);
    let mut href = format!(
        "{}?window={}&backtest={}",
        form.path,
        form.window,
        span.slug()
    );
    for field in Field::ALL {
        let text = there.get(field);
        if text != form.current.get(field) {
            href.extend(["&", field.name(), "=", text]);
        }
    }
    href.push_str("#backtest");
    href
}

#[cfg(test)]
mod tests {
    use autoscaler::backtest::Totals;

    use super::*;

    fn point(target: Option<f64>) -> Point {
        Point {
            target,
            min: 2,
            stabilization_s: 300,
            totals: Totals::default(),
            on_front: true,
        }
    }

    fn fields_of(max: &str, stabilization: &str) -> Fields {
        Fields {
            mode: "ON".into(),
            min: "2".into(),
            max: max.into(),
            cpu: "50".into(),
            init: "60".into(),
            stabilization: stabilization.into(),
            ..Fields::default()
        }
    }

    #[test]
    fn it_reads_as_the_form_does() {
        assert_eq!(
            name(&point(Some(0.63))),
            "CPU target 63\u{202f}%, minimum 2, stabilization period 300\u{202f}s"
        );
        assert_eq!(
            name(&point(None)),
            "Minimum 2, stabilization period 300\u{202f}s"
        );
    }

    #[test]
    fn it_fills_what_was_swept_and_leaves_the_rest() {
        let mut typed = fields_of("9", "600");
        write(&point(Some(0.63)), &mut typed);
        assert_eq!((typed.cpu.as_str(), typed.max.as_str()), ("63", "9"));
        assert_eq!(typed.stabilization, "300");
    }

    #[test]
    fn its_link_says_what_differs_from_the_present_policy() {
        let form = PolicyForm {
            group: "us-central1-a/web".into(),
            path: "/admin/groups/us-central1-a/web".into(),
            window: "15m".into(),
            base: String::new(),
            policy: serde_json::Value::Null,
            current: fields_of("6", "300"),
            typed: fields_of("6", "300"),
            review: false,
            overtaken: false,
            may_edit: true,
        };
        assert_eq!(
            href(
                &form,
                &fields_of("9", "600"),
                Span::Days7,
                &point(Some(0.63))
            ),
            "/admin/groups/us-central1-a/web?window=15m&backtest=7d&max=9&cpu=63#backtest"
        );
    }
}
