//! Starting and stopping drills.

use control_plane::{Author, DrillRequest};
use leptos::prelude::*;

use crate::{
    console::reply,
    context,
    error::AppError,
    flash,
    session::{Role, Session},
};

/// Burns CPU on an instance: `load` times its share, for `seconds` on the cloud's clock.
#[server(prefix = "/api/admin", endpoint = "drill/start")]
pub async fn start_drill(
    group: String,
    instance: String,
    load: f64,
    seconds: u32,
) -> Result<(), AppError> {
    let session = context::require(Role::Operator)?;
    let group = reply::group(&group)?;
    let page = format!("/admin/groups/{group}#instances");
    if !context::services().drills {
        let closed = "Drills are switched off here; FLASKSCALE_DRILLS=on allows them.";
        return reply::refuse(AppError::Unavailable(closed.to_owned()), &page);
    }
    let control = match context::control() {
        Ok(control) => control,
        Err(error) => return reply::refuse(error, &page),
    };
    let drill = DrillRequest { load, seconds };
    match control
        .start_drill(&author(&session), &group, &instance, drill)
        .await
    {
        Ok(_) => {
            flash::set(
                flash::Kind::Done,
                &format!("{instance} burns {load} × its share."),
            );
            context::redirect(&page);
            Ok(())
        }
        Err(error) => reply::refuse(reply::explain(error), &page),
    }
}

/// Ends the drill on an instance.
#[server(prefix = "/api/admin", endpoint = "drill/stop")]
pub async fn stop_drill(group: String, instance: String) -> Result<(), AppError> {
    let session = context::require(Role::Operator)?;
    let group = reply::group(&group)?;
    let page = format!("/admin/groups/{group}#instances");
    let control = match context::control() {
        Ok(control) => control,
        Err(error) => return reply::refuse(error, &page),
    };
    match control
        .stop_drill(&author(&session), &group, &instance)
        .await
    {
        Ok(()) => {
            flash::set(
                flash::Kind::Done,
                &format!("The drill on {instance} was stopped."),
            );
            context::redirect(&page);
            Ok(())
        }
        Err(error) => reply::refuse(reply::explain(error), &page),
    }
}

fn author(session: &Session) -> Author {
    Author {
        name: session.user.clone(),
        via: "console".to_owned(),
    }
}
