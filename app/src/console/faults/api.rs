//! Switching faults on and off.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{FaultBoard, FaultError, kind},
    crate::{
        console::reply,
        context, flash,
        session::{Role, Session},
    },
    std::sync::Arc,
};

/// Where the forms are.
#[cfg(feature = "ssr")]
const PAGE: &str = "/admin/faults";

/// Switches a fault of the local cloud on: `fault[type]`, the fields of that sort, and
/// `fault[minutes]`, for which nothing stands for no end.
#[server(prefix = "/api/admin", endpoint = "fault/start")]
pub async fn start_fault(fault: BTreeMap<String, String>) -> Result<(), AppError> {
    let session = context::require(Role::Operator)?;
    let started = async {
        let board = board()?;
        let wanted = kind::read(&fault)?;
        board.start(wanted.clone()).await.map_err(explain)?;
        Ok(wanted)
    };
    match started.await {
        Ok(wanted) => {
            let (title, details) = kind::words(&wanted);
            report(&session, &wanted, "a fault was switched on");
            done(&format!("{title} is on. {details}"));
            Ok(())
        }
        Err(error) => reply::refuse(error, PAGE),
    }
}

/// Switches a fault of the local cloud off.
#[server(prefix = "/api/admin", endpoint = "fault/stop")]
pub async fn stop_fault(id: String) -> Result<(), AppError> {
    let session = context::require(Role::Operator)?;
    let stopped = async {
        let board = board()?;
        board.stop(id.clone()).await.map_err(explain)
    };
    match stopped.await {
        Ok(()) => {
            report(&session, &id.into(), "a fault was switched off");
            done("The fault is off.");
            Ok(())
        }
        Err(error) => reply::refuse(error, PAGE),
    }
}

#[cfg(feature = "ssr")]
fn board() -> Result<Arc<dyn FaultBoard>, AppError> {
    let none = "Only a local cloud fails on demand; this console looks after another one.";
    let board = context::services().faults.clone();
    board.ok_or_else(|| AppError::Unavailable(none.to_owned()))
}

#[cfg(feature = "ssr")]
fn explain(error: FaultError) -> AppError {
    match error {
        FaultError::Refused(sentence) => AppError::Invalid(sentence),
        FaultError::Gone => AppError::Conflict(error.to_string()),
        FaultError::Silent(_) => AppError::Unavailable(error.to_string()),
    }
}

#[cfg(feature = "ssr")]
fn report(session: &Session, fault: &serde_json::Value, what: &'static str) {
    tracing::info!(by = session.user, %fault, "{what}");
}

#[cfg(feature = "ssr")]
fn done(sentence: &str) {
    flash::set(flash::Kind::Done, sentence);
    context::redirect(PAGE);
}
