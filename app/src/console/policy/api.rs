//! Applying a change.

#![allow(
    clippy::too_many_arguments,
    reason = "a form posts one argument for each of its fields"
)]

use std::collections::BTreeMap;

use control_plane::{Author, ChangeError, GroupId, PolicyEdit};
use leptos::prelude::*;
use serde_json::Value;

use super::{Field, Fields, edit};
use crate::{
    OwnMetric,
    console::{history, reply},
    context,
    error::AppError,
    session::{Role, Session},
};

/// Changes the policy of a group to what the form says, unless somebody else changed it since the
/// form was drawn.
///
/// A person's browser is sent back to the group's page, which tells what happened.
#[server(prefix = "/api/admin", endpoint = "policy/apply")]
pub async fn apply_policy(
    group: String,
    base: String,
    mode: String,
    min: String,
    max: String,
    cpu: String,
    init: String,
    stabilization: String,
    #[server(default)] memory: String,
    #[server(default)] requests: String,
    #[server(default)] latency: String,
    #[server(default)] queue: String,
    note: String,
) -> Result<(), AppError> {
    let session = context::require(Role::Operator)?;
    let group = reply::group(&group)?;
    let fields = Fields {
        mode,
        min,
        max,
        cpu,
        init,
        stabilization,
        own: [memory, requests, latency, queue],
    };
    match apply(&session, &group, &base, &fields, &note).await {
        Ok(operation) => {
            let operation = context::encode(&operation.unwrap_or_default());
            context::redirect(&format!("/admin/groups/{group}?applied={operation}"));
            Ok(())
        }
        Err(error) => reply::refuse(error, &retry(&group, &base, &fields)),
    }
}

async fn apply(
    session: &Session,
    group: &GroupId,
    base: &str,
    fields: &Fields,
    note: &str,
) -> Result<Option<String>, AppError> {
    let control = context::control()?;
    let edit = parse(fields)?;
    let author = Author {
        name: session.user.clone(),
        via: "console".to_owned(),
    };
    let change = control
        .change_policy(&author, group, base, edit, note.trim())
        .await;
    change.map(|change| change.operation).map_err(explain)
}

/// The form's text as an edit. An empty field is left as it is.
fn parse(fields: &Fields) -> Result<PolicyEdit, AppError> {
    let value = |field: Field| match fields.get(field).trim() {
        "" => Ok(None),
        text => edit::value(field, text)
            .map(Some)
            .map_err(AppError::Invalid),
    };
    Ok(PolicyEdit {
        mode: Some(fields.mode.trim().to_owned()).filter(|mode| !mode.is_empty()),
        min: value(Field::Minimum)?,
        max: value(Field::Maximum)?,
        cpu_target: value(Field::CpuTarget)?,
        initialization_s: value(Field::Initialization)?,
        stabilization_s: value(Field::Stabilization)?,
        metrics: metrics(fields)?,
    })
}

/// The targets of what instances measure about themselves.
fn metrics(fields: &Fields) -> Result<BTreeMap<String, Value>, AppError> {
    let all = OwnMetric::ALL.into_iter();
    all.filter_map(|metric| {
        let field = Field::Own(metric);
        let text = Some(fields.get(field).trim()).filter(|text| !text.is_empty())?;
        let value = edit::value(field, text).map_err(AppError::Invalid);
        Some(value.map(|value| (metric.metric_type().to_owned(), value)))
    })
    .collect()
}

fn explain(error: ChangeError) -> AppError {
    match error {
        ChangeError::Conflict { theirs, .. } => {
            let theirs: Vec<_> = theirs
                .iter()
                .map(|change| history::change(change).text())
                .collect();
            AppError::Conflict(format!(
                "Nothing was applied: somebody else changed the policy meanwhile ({}).",
                theirs.join(", ")
            ))
        }
        other => reply::explain(other),
    }
}

/// The page with the form as it was typed, so that nothing is lost.
fn retry(group: &GroupId, base: &str, fields: &Fields) -> String {
    let mut path = format!(
        "/admin/groups/{group}?review=1&base={}",
        context::encode(base)
    );
    let typed = |field: &Field| !fields.get(*field).is_empty();
    for field in Field::ALL.into_iter().filter(typed) {
        path.extend(["&", field.name(), "=", &context::encode(fields.get(field))]);
    }
    path.push_str("#policy");
    path
}
