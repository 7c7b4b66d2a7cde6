//! The load for the browser's own engine.

use control_plane::GroupId;
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::{Load, Span};
use crate::{console::reply, context, error::AppError, session::Role};

/// A group's recorded load of the last `span`, `1d`, `7d` or `28d`. Changes nothing.
#[server(name = Recording, prefix = "/api/admin", endpoint = "backtest/recording", input = GetUrl)]
pub async fn recording(group: String, span: String) -> Result<Load, AppError> {
    context::require(Role::Viewer)?;
    let group = reply::group(&group)?;
    let Some(span) = Span::from_slug(&span) else {
        context::set_status(422);
        return Err(AppError::Invalid(
            "span has to be one of 1d, 7d and 28d.".to_owned(),
        ));
    };
    read(&group, span)
        .await
        .inspect_err(|error| context::set_status(error.status()))
}

/// The load of a group, or why it cannot be read.
pub(super) async fn read(group: &GroupId, span: Span) -> Result<Load, AppError> {
    let recording = context::control()?.recording(group, span.days(), &[]).await;
    recording.map(Load::from).map_err(|error| {
        tracing::warn!(%group, %error, "recorded load cannot be read");
        AppError::Unavailable(format!("The recorded load cannot be read: {error}."))
    })
}
