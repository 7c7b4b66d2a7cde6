//! The load for the browser's own engine.

use autoscaler::{MetricGoal, MetricUtilization, Policy, TargetType};
use control_plane::{ControlPlane, GroupId};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::{Load, Span};
use crate::{OwnMetric, console::reply, context, error::AppError, session::Role};

/// A group's recorded load of the last `span`, `1d`, `7d` or `28d`. Changes nothing.
#[server(name = Recording, prefix = "/api/admin", endpoint = "backtest/recording", input = GetUrl)]
pub async fn recording(group: String, span: String) -> Result<Load, AppError> {
    context::require(Role::Viewer)?;
    answer(&group, &span)
        .await
        .inspect_err(|error| context::set_status(error.status()))
}

async fn answer(group: &str, span: &str) -> Result<Load, AppError> {
    let (group, span) = (self::group(group)?, self::span(span)?);
    read(&context::control()?, &group, span).await
}

/// The group that a query names.
pub(super) fn group(text: &str) -> Result<GroupId, AppError> {
    text.parse().map_err(|_| reply::not_a_group())
}

/// The span that a query names.
pub(super) fn span(text: &str) -> Result<Span, AppError> {
    Span::from_slug(text)
        .ok_or_else(|| AppError::Invalid("span has to be one of 1d, 7d and 28d.".to_owned()))
}

/// A policy that follows all that the form can follow, so that whatever somebody types is recorded.
fn everything() -> Policy {
    let follow = |metric: OwnMetric| MetricUtilization {
        metric: metric.metric_type().to_owned(),
        filter: None,
        goal: MetricGoal::Utilization(1.0),
        target_type: Some(TargetType::Gauge),
    };
    Policy {
        metrics: OwnMetric::ALL.map(follow).into(),
        ..Policy::default_for(1, 1, 0.5)
    }
}

/// The load of a group, or why it cannot be read.
pub(super) async fn read(
    control: &ControlPlane,
    group: &GroupId,
    span: Span,
) -> Result<Load, AppError> {
    let recording = control.recording(group, span.days(), &[everything()]).await;
    recording.map(Load::from).map_err(|error| {
        tracing::warn!(%group, %error, "recorded load cannot be read");
        AppError::Unavailable(format!("The recorded load cannot be read: {error}."))
    })
}
