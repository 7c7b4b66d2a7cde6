//! Numbers into English that a tired person understands. The only place where sentences are made.

use std::time::Duration;

use crate::{Binding, FixedOrPercent, Mode, Policy, Reading, ScaleInControl, Step};

/// The `summary` of a reason: what is recommended, what was measured, and what else had a say.
pub(crate) fn summary(policy: &Policy, step: &Step) -> String {
    let mut sentences = vec![format!(
        "{}: {}.",
        action(policy, step),
        measurement(policy, step)
    )];
    sentences.extend(
        step.binding
            .and_then(|binding| consequence(policy, step, binding)),
    );
    sentences.extend(reason_to_shrink(policy, step));
    if policy.mode == Mode::Off && step.recommended != step.target_size {
        sentences.push(format!(
            "The mode is OFF, so the group keeps its {}.",
            step.target_size
        ));
    }
    if policy.mode == Mode::OnlyScaleOut && step.recommended < step.target_size {
        sentences.push(format!(
            "The mode is ONLY_SCALE_OUT, so the group keeps its {}.",
            step.target_size
        ));
    }
    sentences.join(" ")
}

/// That the load has been low for long enough is the reason that the measurement does not show.
fn reason_to_shrink(policy: &Policy, step: &Step) -> Option<String> {
    let by_load = matches!(step.binding, None | Some(Binding::MinInstances));
    let shrinks = step.recommended < step.previous && step.reading.is_some();
    let stabilizes = !policy.stabilization.is_zero();
    (by_load && shrinks && stabilizes)
        .then(|| format!("The {} never needed more.", last(policy.stabilization)))
}

fn action(policy: &Policy, step: &Step) -> String {
    let Step {
        previous,
        recommended,
        ..
    } = *step;
    if previous == recommended {
        return format!("Stay at {recommended}");
    }
    let follows = match policy.mode {
        Mode::On => true,
        Mode::Off => false,
        Mode::OnlyScaleOut => recommended > previous,
    };
    match (follows, recommended > previous) {
        (false, _) => format!("Recommend {recommended} instead of {previous}"),
        (true, true) => format!("Grow from {previous} to {recommended}"),
        (true, false) => format!("Shrink from {previous} to {recommended}"),
    }
}

fn measurement(policy: &Policy, step: &Step) -> String {
    let Some(reading) = step.reading else {
        return if policy.cpu.is_some() {
            "there is no CPU reading".to_owned()
        } else {
            "the policy's signals are not evaluated locally yet".to_owned()
        };
    };
    let Reading {
        serving,
        cpu,
        target,
        ..
    } = reading;
    let relation = if cpu > target {
        "over"
    } else if cpu < target {
        "under"
    } else {
        "exactly at"
    };
    let need = if step.wish == 1 { "is" } else { "are" };
    format!(
        "CPU of {} averages {}, {relation} the {} target, so {} {need} needed",
        counted(serving, "serving instance"),
        measured_percent(cpu, target),
        percent(target),
        step.wish,
    )
}

fn consequence(policy: &Policy, step: &Step, binding: Binding) -> Option<String> {
    let size = step.recommended;
    Some(match binding {
        Binding::MaxInstances => format!("The maximum is {size}."),
        Binding::MinInstances => format!("The minimum is {size}."),
        Binding::OverloadGrowth => {
            "At full load nobody can tell how much is missing, so one step adds half at most."
                .to_owned()
        }
        Binding::Stabilization => {
            format!(
                "The peak of the {} needed {size}.",
                last(policy.stabilization)
            )
        }
        Binding::ScaleInControl => {
            format!("{}, so {size} stay for now.", allowance(policy.scale_in?))
        }
        Binding::Initialization => {
            "New instances are still initializing and may share the load already.".to_owned()
        }
        Binding::Settling => {
            "Instances have just left, and the reading does not show their load yet.".to_owned()
        }
        Binding::MissingData => "Without data nothing is removed.".to_owned(),
        Binding::SignalNotEvaluated => {
            "Signals that are not evaluated may need the present size, so nothing is removed."
                .to_owned()
        }
        Binding::EmptyGroup => {
            "CPU cannot wake a group without instances; raise its minimum or resize it.".to_owned()
        }
    })
}

fn allowance(control: ScaleInControl) -> String {
    let allowed = match control.max_scaled_in {
        FixedOrPercent::Fixed(count) => counted(count, "instance"),
        FixedOrPercent::Percent(percent) => format!("{percent} % of the instances"),
    };
    format!("At most {allowed} may go within {}", span(control.window))
}

/// `1 instance`, `3 instances`.
pub(crate) fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `last 10 minutes`, `last hour`.
fn last(period: Duration) -> String {
    let span = span(period);
    format!("last {}", span.strip_prefix("1 ").unwrap_or(&span))
}

/// `10 minutes`, `90 seconds`, `1 hour`: the largest unit that gives a whole number.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    match seconds {
        0 => "0 seconds".to_owned(),
        hours if hours % 3600 == 0 => counted(hours / 3600, "hour"),
        minutes if minutes % 60 == 0 => counted(minutes / 60, "minute"),
        seconds => counted(seconds, "second"),
    }
}

/// `50 %`, or `12.5 %` where a whole number would say something else.
pub(crate) fn percent(fraction: f64) -> String {
    let tenths = (fraction * 1000.0).round();
    if tenths % 10.0 == 0.0 {
        format!("{} %", tenths / 10.0)
    } else {
        format!("{:.1} %", tenths / 10.0)
    }
}

/// A measured value in whole percent, unless that would make it look like its target.
pub(crate) fn measured_percent(value: f64, target: f64) -> String {
    let whole = (value * 100.0).round();
    if value != target && whole == (target * 100.0).round() {
        return percent(value);
    }
    format!("{whole} %")
}
