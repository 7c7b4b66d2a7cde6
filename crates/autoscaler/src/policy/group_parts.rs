//! The parts of a policy that bend the size rather than measure load: schedules, scale-in control.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::rule::{Rule, boolean, count, integer, text};
use super::{Cron, FixedOrPercent, ScaleInControl, ScalingSchedule, limits, seconds};

pub(super) fn schedules(policy: &mut Reader<'_>) -> BTreeMap<String, ScalingSchedule> {
    let name = "scalingSchedules";
    let mut schedules = BTreeMap::new();
    let Some(mut entries) = policy.object(name) else {
        return schedules;
    };
    let names: Vec<&String> = entries.names().collect();
    for name in &names {
        let Some(mut entry) = entries.object(name) else {
            continue;
        };
        if let Some(schedule) = schedule(&mut entry) {
            schedules.insert((*name).clone(), schedule);
        }
    }
    if names.len() > limits::SCHEDULES {
        policy.reject(
            name,
            &format!("an object of at most {} schedules", limits::SCHEDULES),
        );
    }
    schedules
}

fn schedule(entry: &mut Reader<'_>) -> Option<ScalingSchedule> {
    let min_required = entry.required("minRequiredReplicas", &count(limits::MIN_REPLICAS));
    let schedule = cron(entry);
    let duration = entry.required("durationSec", &integer(limits::SCHEDULE_DURATION_S));
    let time_zone = entry.optional("timeZone", &time_zone());
    let disabled = entry.optional("disabled", &boolean());
    let description = entry.optional("description", &text());
    Some(ScalingSchedule {
        min_required: min_required?,
        schedule: schedule?,
        duration: seconds(duration?),
        time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
        disabled: disabled.unwrap_or_default(),
        description,
    })
}

fn cron(entry: &mut Reader<'_>) -> Option<Cron> {
    let name = "schedule";
    let expectation =
        "a cron expression of five fields and an optional year, such as 30 6 * * Mon-Fri";
    let cron = Rule::new(expectation, |value| value.as_str().map(str::to_owned));
    match entry.required(name, &cron)?.parse() {
        Ok(cron) => Some(cron),
        Err(error) => {
            entry.reject(name, &format!("{expectation}: {error}"));
            None
        }
    }
}

/// Only the shape: this crate carries no zone database, so that the browser need not load one.
fn time_zone() -> Rule<'static, String> {
    Rule::new("an IANA time zone name such as Europe/Berlin", |value| {
        let name = value.as_str()?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
        (starts_well && name.chars().all(fits)).then(|| name.to_owned())
    })
}

/// An empty object is how some clients take the control away.
pub(super) fn scale_in_control(policy: &mut Reader<'_>) -> Option<ScaleInControl> {
    let mut control = policy.object("scaleInControl")?;
    if control.is_empty() {
        return None;
    }
    let window = control.required("timeWindowSec", &integer(limits::SCALE_IN_WINDOW_S));
    let max_scaled_in = max_scaled_in(&mut control);
    Some(ScaleInControl {
        max_scaled_in: max_scaled_in?,
        window: seconds(window?),
    })
}

fn max_scaled_in(control: &mut Reader<'_>) -> Option<FixedOrPercent> {
    let name = "maxScaledInReplicas";
    if control.value(name).is_none() {
        control.reject(name, "an object with either fixed or percent");
        return None;
    }
    let mut allowed = control.object(name)?;
    let fixed = allowed.optional("fixed", &count(limits::MIN_REPLICAS));
    let percent = allowed.optional("percent", &count(limits::PERCENT));
    match (
        allowed.value("fixed").is_some(),
        allowed.value("percent").is_some(),
    ) {
        (true, false) => fixed.map(FixedOrPercent::Fixed),
        (false, true) => percent.map(FixedOrPercent::Percent),
        _ => {
            control.reject(name, "an object with either fixed or percent");
            None
        }
    }
}
