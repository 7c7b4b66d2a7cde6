//! The panel as the server draws it.

use super::{Bench, Opened, Span, api};
use crate::console::policy::PolicyForm;
use control_plane::GroupId;

/// Tries what was typed into the form on the recorded load.
pub(crate) async fn visit(group: &GroupId, span: Span, form: &PolicyForm) -> Opened {
    let load = api::read(group, span).await;
    let outcome = load.map_err(|error| error.to_string()).and_then(|load| {
        let present = form.present().ok_or("The present policy cannot be read.")?;
        let candidate = form.candidate(&form.typed);
        let bench = Bench::new(load, present.clone())?;
        Ok(bench.outcome(candidate.as_ref().unwrap_or(&present)))
    });
    Opened { span, outcome }
}
