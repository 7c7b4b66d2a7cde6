//! Why a group keeps its size, found out from what was recorded of it.

use std::time::Duration;

use autoscaler::backtest::{Model, OngoingHold, ongoing_hold};
use autoscaler::{MetricUtilization, Policy};
use gce::{Client, Error};

use super::{backend, measured, record::trimmed, span::Span};
use crate::{GroupId, time};

/// How much more than the policy's memory is read: the beginnings of holds should lie in it.
const BESIDES: Duration = Duration::from_mins(30);

/// The hold that goes on in a group, as of the last minute that Monitoring shows.
pub(crate) async fn hold(
    client: Client,
    group: GroupId,
    policy: Policy,
) -> Result<Option<OngoingHold>, Error> {
    let now = time::now(&client);
    let span = Span::before(now, memory(&policy).saturating_add(BESIDES));
    let metrics: &[MetricUtilization] = &policy.metrics;
    let mut trace = trimmed(measured::measured(&client, &group, metrics, span).await?);
    trace.zones = zones::of_policy(&policy, now);
    let rate = match policy.load_balancing {
        Some(_) => backend::max_rate_per_instance(&client, &group).await?,
        None => None,
    };
    let model = Model {
        // What was measured is what was: nothing has to be cut off at what a machine can do.
        burst: f64::INFINITY,
        max_rate_per_instance: rate,
        ..Model::default()
    };
    Ok(ongoing_hold(&policy, &trace, &model))
}

/// How far back a decision of the policy looks.
fn memory(policy: &Policy) -> Duration {
    let window = policy.scale_in.map_or(Duration::ZERO, |it| it.window);
    policy.stabilization.max(window)
}
