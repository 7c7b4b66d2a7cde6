//! Numbers into English that a tired person understands. The only place where sentences are made.

mod numbers;
mod outlook;
mod signals;

use crate::{
    Binding, FixedOrPercent, Mode, Observed, Policy, ScaleInControl, Signal, SignalStep, Step,
};
use numbers::last;
pub(crate) use numbers::{counted, measured_percent, percent, span};
pub use outlook::{Outlook, outlook};
use signals::shown;
pub(crate) use signals::{absence, signal_name};

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
    let shrinks = step.recommended < step.previous && step.source.is_some();
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
    if let Some(Signal::Schedule(index)) = step.source {
        let name = policy.schedules.keys().nth(index);
        let name = name.map_or("", String::as_str);
        return format!("the schedule {name} asks for {}", step.wish);
    }
    let leading = step.source.and_then(|source| step.signal(source));
    let Some((leading, value)) = leading.and_then(|step| Some((step, step.value()?))) else {
        return format!("there is no {} reading", unread(policy));
    };
    let need = if step.wish == 1 { "is" } else { "are" };
    let shown = shown(policy, step.serving, leading, value);
    format!("{shown}, so {} {need} needed", step.wish)
}

/// What a reading is missing of.
fn unread(policy: &Policy) -> &'static str {
    match (policy.cpu.is_some(), policy.load_balancing.is_some()) {
        (true, false) if policy.metrics.is_empty() => "CPU",
        (false, true) if policy.metrics.is_empty() => "load-balancing",
        (false, false) => "metric",
        _ => "usable",
    }
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
        Binding::MissingData => missing_data(policy, step),
        Binding::EmptyGroup => {
            "What is measured on instances cannot wake a group without any; raise its minimum or \
             resize it."
                .to_owned()
        }
    })
}

/// Names what is missing where something else was measured.
fn missing_data(policy: &Policy, step: &Step) -> String {
    let is_partial = |signal: &&SignalStep| matches!(signal.observed, Observed::Partial(..));
    let missing = step.signals.iter().find(|signal| signal.wish.is_none());
    let partial = step.signals.iter().find(is_partial);
    match (missing.filter(|_| step.source.is_some()), partial) {
        (None, Some(partial)) => format!(
            "Some instances show no {}, and may be as busy as the others.",
            signal_name(policy, partial.signal)
        ),
        (Some(missing), _) => format!(
            "There is no data of {}, and without it nothing is removed.",
            signal_name(policy, missing.signal)
        ),
        (None, None) => "Without data nothing is removed.".to_owned(),
    }
}

fn allowance(control: ScaleInControl) -> String {
    let allowed = match control.max_scaled_in {
        FixedOrPercent::Fixed(count) => counted(count, "instance"),
        FixedOrPercent::Percent(percent) => format!("{percent} % of the instances"),
    };
    format!("At most {allowed} may go within {}", span(control.window))
}
