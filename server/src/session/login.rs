//! The other end of the log-in form.

use std::sync::Arc;

use app::session::{Role, Session};
use axum::{
    extract::{Form, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{cookie::SessionCookies, limiter::LoginLimiter};
use crate::{
    clock,
    secrets::{self, Secrets, Vault},
    web::{
        console_host::ConsoleHost,
        metrics::{Attempt, Metrics},
        visitor::{Proxy, Visitor},
    },
};

/// The only user there is.
const USER: &str = "admin";

/// Everything that decides who gets into the console.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    pub(crate) vault: Vault,
    pub(crate) proxy: Proxy,
    pub(crate) console_host: ConsoleHost,
    pub(crate) metrics: Arc<Metrics>,
    limiter: LoginLimiter,
    /// One hash at a time: each takes 19 MiB and a core for a while.
    hashing: Semaphore,
}

impl Doorkeeper {
    pub(crate) fn new(
        vault: Vault,
        proxy: Proxy,
        console_host: ConsoleHost,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            vault,
            proxy,
            console_host,
            metrics,
            limiter: LoginLimiter::new(),
            hashing: Semaphore::new(1),
        }
    }

    async fn matches(&self, attempt: Credentials, secrets: &Secrets) -> bool {
        let hash = secrets.password_hash.clone();
        let Ok(_turn) = self.hashing.acquire().await else {
            return false;
        };
        // A wrong user costs the same hash, so the time of the answer tells nothing.
        let known = attempt.user == USER;
        let check = move || secrets::verify(&attempt.password, &hash);
        tokio::task::spawn_blocking(check)
            .await
            .is_ok_and(|right| right && known)
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    user: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /admin/login`: begins a session, or returns to the form with `?error=wrong|limited`.
pub(crate) async fn log_in(State(door): State<Arc<Doorkeeper>>, request: Request) -> Response {
    let visitor = Visitor::of(&request, &door.proxy);
    let secrets = match door.vault.current() {
        Ok(secrets) => secrets,
        Err(reason) => return (StatusCode::SERVICE_UNAVAILABLE, reason).into_response(),
    };
    let attempt =
        match <Form<Credentials> as axum::extract::FromRequest<()>>::from_request(request, &())
            .await
        {
            Ok(Form(attempt)) => attempt,
            Err(refused) => return refused.into_response(),
        };
    let next = own_console_path(&attempt.next).to_owned();
    if !door.limiter.allow(visitor.address) {
        door.metrics.attempt(Attempt::Limited);
        return Redirect::to(&back_to_form("limited", &next)).into_response();
    }
    if !door.matches(attempt, &secrets).await {
        door.metrics.attempt(Attempt::Wrong);
        tracing::warn!(client = %visitor.address, "a log-in failed");
        return Redirect::to(&back_to_form("wrong", &next)).into_response();
    }
    door.metrics.attempt(Attempt::Right);
    tracing::info!(client = %visitor.address, user = USER, "logged in");
    let session = Session {
        user: USER.to_owned(),
        role: Role::Admin,
    };
    let cookies = SessionCookies::new(&secrets, visitor.https, clock::unix_seconds());
    (cookies.begin(session), Redirect::to(&next)).into_response()
}

/// `POST /admin/logout`: forgets this browser's session. Other browsers keep theirs.
pub(crate) async fn log_out(State(door): State<Arc<Doorkeeper>>, request: Request) -> Response {
    let visitor = Visitor::of(&request, &door.proxy);
    let headers = door.vault.current().map_or_else(
        |_| HeaderMap::new(),
        |secrets| SessionCookies::new(&secrets, visitor.https, clock::unix_seconds()).end(),
    );
    (headers, Redirect::to("/admin/login")).into_response()
}

/// Where to go after the log-in: a page of the console and nowhere else.
fn own_console_path(next: &str) -> &str {
    let plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = next == "/admin" || next.starts_with("/admin/") || next.starts_with("/admin?");
    if plain && ours { next } else { "/admin" }
}

fn back_to_form(error: &str, next: &str) -> String {
    let query = serde_urlencoded::to_string([("error", error), ("next", next)]).unwrap_or_default();
    format!("/admin/login?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_cannot_send_people_elsewhere() {
        assert_eq!(
            own_console_path("/admin/groups/a?window=1h"),
            "/admin/groups/a?window=1h"
        );
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example/admin",
            "/admin\\evil",
            "/admin/\r\nx",
            "/ädmin",
            "/",
        ] {
            assert_eq!(own_console_path(foreign), "/admin", "{foreign}");
        }
    }
}
