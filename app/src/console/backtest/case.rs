//! A recorded span as a policy test, for `flaskscale backtest --check`.

use std::{collections::HashMap, sync::Arc};

use autoscaler::{
    Policy,
    backtest::{self, Case, Cases, Expectation, totals},
};
use axum::{
    Extension,
    extract::Query,
    response::{IntoResponse, Response},
};
use control_plane::GroupId;
use http::{StatusCode, header};

use super::{Load, Span, api};
use crate::{
    error::AppError,
    services::Services,
    session::{Role, Session},
    text,
};

/// `GET /api/admin/backtest/case?group=…&span=…`: a file of one case. Changes nothing.
pub(crate) async fn download(
    services: Arc<Services>,
    session: Option<Extension<Session>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let role = session.map(|Extension(session)| session.role);
    match file(&services, role, &query).await {
        Ok((name, cases)) => {
            let disposition = format!("attachment; filename=\"{name}\"");
            let headers = [(header::CONTENT_DISPOSITION, disposition)];
            (headers, axum::Json(cases)).into_response()
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, error.to_string()).into_response()
        }
    }
}

async fn file(
    services: &Services,
    role: Option<Role>,
    query: &HashMap<String, String>,
) -> Result<(String, Cases), AppError> {
    role.filter(|role| *role >= Role::Viewer)
        .ok_or(AppError::Unauthorized)?;
    let named = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let group = api::group(named("group"))?;
    let span = api::span(named("span"))?;
    let no_cloud = || AppError::Unavailable(services.no_cloud.clone());
    let control = services.control.as_ref().ok_or_else(no_cloud)?;
    let load = api::read(control, &group, span).await?;
    let fleet = control.fleet().await;
    let known = fleet.groups.iter().find(|known| known.id == group);
    let present = known
        .and_then(|known| known.autoscaler.as_ref())
        .ok_or_else(|| AppError::NotFound(format!("An autoscaler of {group}")))?;
    let name = format!("{}-{}.json", group.name, span.slug());
    let policy = present.policy.clone();
    // Four weeks of minutes are replayed, while other pages want to be answered.
    let replay = move || no_worse(&group, span, load, &policy);
    let cases = tokio::task::spawn_blocking(replay).await.map_err(|error| {
        tracing::error!(%error, "a policy test has ended early");
        AppError::Unavailable(
            "The replay has ended early; the server\u{2019}s log says why.".to_owned(),
        )
    })?;
    Ok((name, cases))
}

/// Under this load a policy may neither grow larger nor be overloaded longer than the present one.
fn no_worse(group: &GroupId, span: Span, load: Load, present: &Policy) -> Cases {
    let Load { trace, model, .. } = load;
    let limits = totals(present, &trace, &model);
    let expect = Expectation {
        at_most_instances: Some(limits.peak_instances),
        at_most_overload_minutes: Some(limits.overload_minutes),
        ..Expectation::default()
    };
    let name = format!(
        "{group}, {} until {}",
        span.label().to_lowercase(),
        text::rfc3339(trace.end().0)
    );
    let case = Case {
        name,
        load: backtest::Load::Trace(trace),
        policy: None,
        model: Some(model),
        expect,
    };
    Cases { cases: vec![case] }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use autoscaler::{
        Timestamp,
        backtest::{Model, Trace},
    };

    use super::*;

    fn load() -> Load {
        let quiet = std::iter::repeat_n(Some(0.5), 30);
        let trace = Trace {
            cpu: quiet.chain(std::iter::repeat_n(Some(2.4), 60)).collect(),
            size: vec![Some(2); 90],
            ..Trace::new(Timestamp(0), 60)
        };
        Load {
            trace,
            model: Model::of_machine_type("e2-micro"),
            machine_type: "e2-micro".into(),
            boot_measured: false,
            missing: Vec::new(),
        }
    }

    #[test]
    fn a_saved_case_passes_the_present_policy_and_refuses_a_worse_one() {
        let group = "us-central1-a/web".parse().unwrap();
        let present = Policy::default_for(2, 6, 0.5);
        let saved = serde_json::to_string(&no_worse(&group, Span::Days7, load(), &present));
        let Cases { cases } = serde_json::from_str(&saved.unwrap()).unwrap();
        let [case] = &cases[..] else {
            panic!("{cases:?}")
        };
        assert_eq!(
            case.name,
            "us-central1-a/web, last 7 days until 1970-01-01T01:30:00Z"
        );
        let (backtest::Load::Trace(trace), Some(model)) = (&case.load, &case.model) else {
            panic!("{case:?}")
        };
        assert!(case.check(&present, trace, model).is_ok());
        let worse = case.check(&Policy::default_for(1, 2, 0.5), trace, model);
        assert!(worse.is_err_and(|unmet| unmet.what.contains("overload minutes")));
    }
}
