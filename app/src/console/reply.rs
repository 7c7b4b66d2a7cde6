//! How a server function of the console answers: a person's browser gets a page, a program an error.

use control_plane::{ChangeError, GroupId};

use crate::{context, error::AppError, flash};

/// The group that a form names.
pub(crate) fn group(text: &str) -> Result<GroupId, AppError> {
    text.parse().map_err(|_| {
        context::set_status(422);
        not_a_group()
    })
}

/// What is said of a name that no group can have.
pub(crate) fn not_a_group() -> AppError {
    AppError::Invalid("group has to be a zone or region and a name, as us-central1-a/web.".into())
}

/// Reports `error`: on the page at `path` to a person, as itself to a program.
pub(crate) fn refuse(error: AppError, path: &str) -> Result<(), AppError> {
    if context::wants_page() {
        flash::set(flash::Kind::Refused, &error.to_string());
        context::redirect(path);
        Ok(())
    } else {
        context::set_status(error.status());
        Err(error)
    }
}

/// What a change failed by, in words; the whole chain goes to the log, here, once.
pub(crate) fn explain(error: ChangeError) -> AppError {
    tracing::warn!(error = %chain(&error), "a change was not made");
    match error {
        ChangeError::NotFound(what) => AppError::NotFound(what),
        ChangeError::Invalid(_) => AppError::Invalid(error.to_string()),
        ChangeError::DrillRunning(_) => AppError::Conflict(chain(&error)),
        ChangeError::Conflict { .. } => {
            AppError::Conflict("Somebody else changed this meanwhile.".to_owned())
        }
        other => AppError::Unavailable(chain(&other)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
