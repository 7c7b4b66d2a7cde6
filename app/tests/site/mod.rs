//! The app's router without a cloud, asked directly.

use std::sync::Arc;

use app::{
    CloudLabel, CspNonce, InstanceIdentity, Services,
    session::{Role, Session},
};
use axum::{Extension, Router, body::Body, response::Response};
use http::{Request, header};
use http_body_util::BodyExt;
use leptos::config::LeptosOptions;
use tower::ServiceExt;

/// A site to ask.
pub(crate) struct Site {
    services: Services,
    session: Option<Session>,
}

#[allow(dead_code, reason = "each test file uses its own part of the harness")]
impl Site {
    /// A site without a cloud that nobody is logged in to.
    pub(crate) fn new() -> Self {
        let (_, shutdown) = tokio::sync::watch::channel(false);
        Self {
            services: Services {
                control: None,
                no_cloud: "This instance was started without a cloud.".to_owned(),
                cloud: CloudLabel::None,
                instance: InstanceIdentity {
                    name: "flaskscale-x7f2".to_owned(),
                    zone: "us-central1-a".to_owned(),
                    group: None,
                },
                public_status: true,
                console: Ok(()),
                drills: true,
                faults: None,
                shutdown,
                version: "0.1.0".to_owned(),
            },
            session: None,
        }
    }

    /// Somebody is logged in.
    pub(crate) fn logged_in(mut self, role: Role) -> Self {
        self.session = Some(Session {
            user: "mallory".to_owned(),
            role,
        });
        self
    }

    /// The console must not open.
    pub(crate) fn closed(mut self, reason: &str) -> Self {
        self.services.console = Err(reason.to_owned());
        self
    }

    /// The public page hides the fleet.
    pub(crate) fn without_public_status(mut self) -> Self {
        self.services.public_status = false;
        self
    }

    /// The program stops when `shutdown` says so.
    pub(crate) fn stopped_by(mut self, shutdown: tokio::sync::watch::Receiver<bool>) -> Self {
        self.services.shutdown = shutdown;
        self
    }

    /// The router as the program mounts it.
    pub(crate) fn router(self) -> Router {
        let options = LeptosOptions::builder().output_name("flaskscale").build();
        let router = app::router(Arc::new(self.services), options)
            .layer(Extension(CspNonce("bm9uY2U".to_owned())));
        match self.session {
            Some(session) => router.layer(Extension(session)),
            None => router,
        }
    }

    async fn ask(self, request: Request<Body>) -> Response {
        self.router().oneshot(request).await.unwrap()
    }

    /// Asks for a page.
    pub(crate) async fn get(self, path: &str) -> Response {
        self.get_with_cookie(path, "").await
    }

    /// Asks for what somebody accepts.
    pub(crate) async fn get_as(self, path: &str, accept: &str) -> Response {
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .header(header::REFERER, "http://localhost/admin")
            .body(Body::empty())
            .unwrap();
        self.ask(request).await
    }

    /// Asks for a page with a cookie.
    pub(crate) async fn get_with_cookie(self, path: &str, cookie: &str) -> Response {
        let request = Request::get(path)
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, cookie)
            .body(Body::empty())
            .unwrap();
        self.ask(request).await
    }

    /// Sends a form.
    pub(crate) async fn post(self, path: &str, accept: &str, body: &'static str) -> Response {
        let request = Request::post(path)
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::REFERER, "http://localhost/admin")
            .body(Body::from(body))
            .unwrap();
        self.ask(request).await
    }
}

/// The body of an answer.
pub(crate) async fn text(answer: Response) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
