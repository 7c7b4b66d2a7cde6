//! The server's end of the streams.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::Query,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, future::BoxFuture, stream};
use http::StatusCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep},
};

use crate::{
    console::{
        group::{GroupQuery, Snapshot},
        overview::overview,
    },
    public,
    services::Services,
    session::{Role, Session},
};

/// A part of a page: its name and its content as JSON.
pub type Part = (&'static str, String);

/// How often a stream looks for changes. The control plane answers from its cache.
const LOOK: Duration = Duration::from_secs(1);
/// How long a stream lives before the browser opens the next one, perhaps at another instance:
/// draining an instance is never held up by somebody who watches.
const LIFE_SECONDS: f64 = 25.0;
/// The share by which lives differ, so that streams opened together do not end together.
const LIFE_JITTER: f64 = 0.2;
/// Public streams that one instance holds open.
const PUBLIC_STREAMS: usize = 200;
/// How long a browser waits before it opens the next stream.
const REOPEN: Duration = Duration::from_millis(500);
/// How long a browser waits between looks where there are too many streams.
const POLL: Duration = Duration::from_secs(15);

/// What the streams share.
#[derive(Debug)]
pub(crate) struct Streams {
    services: Arc<Services>,
    public: Arc<Semaphore>,
}

impl Streams {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self {
            services,
            public: Arc::new(Semaphore::new(PUBLIC_STREAMS)),
        }
    }
}

/// `GET /api/public/live`: the counts on the public page.
///
/// Where too many people watch, the answer is one look and the advice to come back later: the
/// browser then polls by itself.
pub(crate) async fn public(Extension(streams): Extension<Arc<Streams>>) -> Response {
    let services = streams.services.clone();
    if !services.public_status {
        return StatusCode::NOT_FOUND.into_response();
    }
    let looks = {
        let services = services.clone();
        move || -> BoxFuture<'static, Vec<Part>> { Box::pin(public::parts(services.clone())) }
    };
    match streams.public.clone().try_acquire_owned() {
        Ok(permit) => follow(&services, looks, Some(permit)),
        Err(_) => once(looks().await),
    }
}

/// `GET /api/admin/live`: one group (`?group=…` and the page's other choices), or the overview.
pub(crate) async fn admin(
    Extension(streams): Extension<Arc<Streams>>,
    session: Option<Extension<Session>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let services = streams.services.clone();
    let session = match session {
        Some(Extension(session)) if session.role >= Role::Viewer => session,
        _ => return StatusCode::UNAUTHORIZED.into_response(),
    };
    let Some(control) = services.control.clone() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let drills = services.drills;
    match query.get("group") {
        None => {
            let looks = move || -> BoxFuture<'static, Vec<Part>> {
                let control = control.clone();
                Box::pin(async move { part("overview", &overview(control.fleet().await.as_ref())) })
            };
            follow(&services, looks, None)
        }
        Some(group) => {
            let Some(query) = GroupQuery::parse(group, |name| query.get(name).cloned()) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let looks = move || -> BoxFuture<'static, Vec<Part>> {
                let (control, query, session) = (control.clone(), query.clone(), session.clone());
                Box::pin(async move {
                    let snapshot = Snapshot::gather(&control, &query, &session, drills).await;
                    snapshot
                        .map(|snapshot| snapshot.parts(&query))
                        .unwrap_or_default()
                })
            };
            follow(&services, looks, None)
        }
    }
}

/// A part, or nothing where it cannot be written.
pub(crate) fn part<T: serde::Serialize>(name: &'static str, content: &T) -> Vec<Part> {
    serde_json::to_string(content)
        .map(|json| (name, json))
        .into_iter()
        .collect()
}

fn event((name, json): &Part) -> Event {
    Event::default().data(format!("{name}\n{json}"))
}

fn once(parts: Vec<Part>) -> Response {
    let advice = Event::default().retry(POLL);
    let events: Vec<_> = std::iter::once(advice)
        .chain(parts.iter().map(event))
        .map(Ok::<_, Infallible>)
        .collect();
    Sse::new(stream::iter(events)).into_response()
}

/// A stream that sends every part once, and afterwards those that changed.
fn follow<L>(services: &Services, looks: L, permit: Option<OwnedSemaphorePermit>) -> Response
where
    L: Fn() -> BoxFuture<'static, Vec<Part>> + Send + 'static,
{
    let life = LIFE_SECONDS * (1.0 + LIFE_JITTER * (2.0 * rand::random::<f64>() - 1.0));
    let watch = Watch {
        looks,
        sent: Vec::new(),
        first: true,
        end: Instant::now() + Duration::from_secs_f64(life),
        shutdown: services.shutdown.clone(),
        _permit: permit,
    };
    Sse::new(changes(watch))
        .keep_alive(KeepAlive::default())
        .into_response()
}

struct Watch<L> {
    looks: L,
    sent: Vec<Part>,
    first: bool,
    end: Instant,
    shutdown: watch::Receiver<bool>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<L: Fn() -> BoxFuture<'static, Vec<Part>>> Watch<L> {
    /// The next parts that differ from what was sent; `None` when the stream is over.
    async fn next(&mut self) -> Option<Vec<Part>> {
        loop {
            if !self.first && !self.pause().await {
                return None;
            }
            self.first = false;
            let mut parts = (self.looks)().await;
            let fresh: Vec<_> = parts
                .iter()
                .filter(|part| !self.sent.contains(part))
                .cloned()
                .collect();
            if !fresh.is_empty() {
                std::mem::swap(&mut self.sent, &mut parts);
                return Some(fresh);
            }
        }
    }

    /// Waits until it is time to look again; `false` when the stream is to end instead.
    async fn pause(&mut self) -> bool {
        if *self.shutdown.borrow() || Instant::now() + LOOK > self.end {
            return false;
        }
        tokio::select! {
            () = sleep(LOOK) => true,
            // A sender that is gone is a program that ends.
            _ = self.shutdown.wait_for(|stop| *stop) => false,
        }
    }
}

fn changes<L>(watch: Watch<L>) -> impl Stream<Item = Result<Event, Infallible>>
where
    L: Fn() -> BoxFuture<'static, Vec<Part>>,
{
    let advice = stream::iter([Ok(Event::default().retry(REOPEN))]);
    let changes = stream::unfold(watch, |mut watch| async move {
        let parts = watch.next().await?;
        let events: Vec<_> = parts.iter().map(event).map(Ok).collect();
        Some((stream::iter(events), watch))
    });
    advice.chain(changes.flatten())
}
