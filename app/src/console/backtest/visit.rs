//! The panel as the server draws it.

use autoscaler::backtest::Point;
use control_plane::GroupId;

use super::{Bench, Load, Opened, Outcome, Span, api};
use crate::{console::policy::PolicyForm, context, error::AppError};

/// Tries what was typed into the form on the recorded load.
pub(crate) async fn visit(group: &GroupId, span: Span, form: &PolicyForm) -> Opened {
    let tried = match load(group, span).await {
        Ok(load) => attempt(load, form.clone()).await,
        Err(error) => Err(error.to_string()),
    };
    let (outcome, points) = match tried {
        Ok((outcome, points)) => (Ok(outcome), points),
        Err(reason) => (Err(reason), Vec::new()),
    };
    Opened {
        span,
        outcome,
        points,
    }
}

async fn load(group: &GroupId, span: Span) -> Result<Load, AppError> {
    api::read(&context::control()?, group, span).await
}

/// A sweep over four weeks takes a tenth of a second, in which other pages want to be answered.
async fn attempt(load: Load, form: PolicyForm) -> Result<(Outcome, Vec<Point>), String> {
    let done = tokio::task::spawn_blocking(move || {
        let present = form.present().ok_or("The present policy cannot be read.")?;
        let candidate = form.candidate(&form.typed);
        let bench = Bench::new(load, present.clone())?;
        let candidate = candidate.as_ref().unwrap_or(&present);
        let points = bench.sweep(&bench.base(candidate)).finish();
        Ok((bench.outcome(candidate), points))
    });
    let failed = |error: tokio::task::JoinError| {
        tracing::error!(%error, "a backtest has ended early");
        "The backtest has ended early; the server\u{2019}s log says why.".to_owned()
    };
    done.await.map_err(failed)?
}
