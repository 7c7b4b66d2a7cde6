//! Numbers into English that a tired person understands. The only place where sentences are made.

use std::time::Duration;

use crate::{
    Absence, Binding, FixedOrPercent, MetricGoal, Mode, Policy, ScaleInControl, Signal, SignalStep,
    Step, TargetType,
};

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

/// What a signal showed, beside what it is held against.
fn shown(policy: &Policy, serving: u32, step: &SignalStep, value: f64) -> String {
    let servers = || counted(serving, "serving instance");
    let name = signal_name(policy, step.signal);
    match (step.signal, step.goal) {
        (Signal::Cpu, MetricGoal::Utilization(target)) => format!(
            "CPU of {} averages {}, {} the {} target",
            servers(),
            measured_percent(value, target),
            relation(value, target),
            percent(target),
        ),
        (Signal::PredictedCpu, MetricGoal::Utilization(target)) => format!(
            "by the pattern of the last weeks, CPU of {} would average {} within {}, {} the {} \
             target",
            servers(),
            measured_percent(value, target),
            span(policy.cool_down),
            relation(value, target),
            percent(target),
        ),
        (Signal::LoadBalancing, MetricGoal::Utilization(target)) => format!(
            "requests take {} of the balancing capacity of {}, {} the {} target",
            measured_percent(value, target),
            servers(),
            relation(value, target),
            percent(target),
        ),
        (signal, MetricGoal::Utilization(target)) => {
            let measured = if policy.is_per_instance(signal) {
                format!("of {} averages", servers())
            } else {
                format!("with {} is", servers())
            };
            let rate = rate(policy, signal);
            format!(
                "{name} {measured} {}{rate}, {} the target of {}{rate}",
                number(value),
                relation(value, target),
                number(target),
            )
        }
        (signal, MetricGoal::SingleInstanceAssignment(share)) => {
            let rate = rate(policy, signal);
            format!(
                "{name} is {}{rate}, and one instance takes {}{rate}",
                number(value),
                number(share),
            )
        }
    }
}

fn relation(value: f64, target: f64) -> &'static str {
    if value > target {
        "over"
    } else if value < target {
        "under"
    } else {
        "exactly at"
    }
}

/// What people call a signal.
pub(crate) fn signal_name(policy: &Policy, signal: Signal) -> &str {
    match signal {
        Signal::Cpu => "CPU",
        Signal::PredictedCpu => "predicted CPU",
        Signal::LoadBalancing => "load balancing",
        Signal::Metric(index) => policy
            .metrics
            .get(index)
            .map_or("a metric", |metric| metric.metric.as_str()),
        Signal::Schedule(index) => policy
            .schedules
            .keys()
            .nth(index)
            .map_or("a schedule", String::as_str),
    }
}

/// The unit of a metric that is a rate.
fn rate(policy: &Policy, signal: Signal) -> &'static str {
    let Signal::Metric(index) = signal else {
        return "";
    };
    match policy
        .metrics
        .get(index)
        .and_then(|metric| metric.target_type)
    {
        Some(TargetType::DeltaPerSecond) => " a second",
        Some(TargetType::DeltaPerMinute) => " a minute",
        Some(TargetType::Gauge) | None => "",
    }
}

/// Why a signal shows nothing, as a sentence without its end.
pub(crate) fn absence(policy: &Policy, signal: Signal, absence: Absence) -> String {
    let name = signal_name(policy, signal);
    match (absence, signal) {
        (Absence::NoBackendService, _) => {
            "The policy has a load-balancing signal, and no backend service sends the group requests"
                .to_owned()
        }
        (Absence::ManyBackendServices, _) => {
            "More than one backend service sends the group requests, and the load-balancing signal \
             can follow only one"
                .to_owned()
        }
        (Absence::GroupMaxRate, _) => {
            "The backend limits the rate of the whole group (maxRate); the load-balancing signal \
             needs maxRatePerInstance or maxUtilization"
                .to_owned()
        }
        (_, Signal::Cpu) => "There is no CPU data of the group's instances".to_owned(),
        (_, Signal::LoadBalancing) => "There is no load-balancing data of the group".to_owned(),
        (Absence::NoData, _) => format!("The metric {name} has no data"),
        (Absence::TooSparse, _) => {
            format!("The points of the metric {name} come too rarely; one a minute is needed")
        }
        (Absence::Invalid, _) => {
            format!("The metric {name}, or a label of its filter, does not exist or is no number")
        }
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
    let missing = step.signals.iter().find(|signal| signal.wish.is_none());
    match missing.filter(|_| step.source.is_some()) {
        Some(missing) => format!(
            "There is no data of {}, and without it nothing is removed.",
            signal_name(policy, missing.signal)
        ),
        None => "Without data nothing is removed.".to_owned(),
    }
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

/// A measured number with three digits that count: `1234`, `12.3`, `0.0456`.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 100.0 {
        return format!("{}", value.round());
    }
    let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_keep_three_digits() {
        for (value, words) in [
            (0.0, "0"),
            (1234.4, "1234"),
            (100.0, "100"),
            (99.96, "100"),
            (12.345, "12.3"),
            (5.0, "5"),
            (0.5, "0.5"),
            (0.045_67, "0.0457"),
            (1e-12, "0"),
        ] {
            assert_eq!(number(value), words, "{value}");
        }
    }
}
