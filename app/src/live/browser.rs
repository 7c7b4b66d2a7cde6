//! The browser's end of the stream.

use std::cell::RefCell;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent, VisibilityState};

/// Milliseconds without a stream before the page says so. A stream ends itself every half minute
/// and the browser opens the next one within a second, which nobody needs to see.
const GRACE_MS: u64 = 4_000;
/// Milliseconds before a stream that was refused is asked for again.
const REOPEN_MS: u64 = 10_000;

/// How the page hears from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// No stream was opened yet, or the tab is hidden.
    Idle,
    /// Messages arrive.
    Live,
    /// The stream broke off and has not come back.
    Lost,
}

type Follower = (&'static str, Box<dyn Fn(&str)>);

struct Page {
    source: RefCell<Option<EventSource>>,
    /// The last message of each part, for islands that hydrate after it arrived.
    latest: RefCell<Vec<(String, String)>>,
    followers: RefCell<Vec<Follower>>,
    connection: ArcRwSignal<Connection>,
}

thread_local! {
    static PAGE: &'static Page = {
        let page: &'static Page = Box::leak(Box::new(Page {
            source: RefCell::new(None),
            latest: RefCell::new(Vec::new()),
            followers: RefCell::new(Vec::new()),
            connection: ArcRwSignal::new(Connection::Idle),
        }));
        watch_visibility(page);
        open(page);
        page
    };
}

/// The state of the page's stream.
pub fn connection() -> ArcRwSignal<Connection> {
    PAGE.with(|page| page.connection.clone())
}

/// Calls `on_json` with each message for `part`, the last one included.
pub(super) fn subscribe(part: &'static str, on_json: impl Fn(&str) + 'static) {
    PAGE.with(|page| {
        if let Some((_, json)) = page.latest.borrow().iter().find(|(name, _)| name == part) {
            on_json(json);
        }
        page.followers.borrow_mut().push((part, Box::new(on_json)));
    });
}

/// Where the page's stream is: the `data-live` of its main part.
fn stream_url() -> Option<String> {
    document()
        .query_selector("[data-live]")
        .ok()??
        .get_attribute("data-live")
}

fn open(page: &'static Page) {
    let hidden = document().visibility_state() == VisibilityState::Hidden;
    let Some(url) = stream_url().filter(|_| !hidden) else {
        return;
    };
    let Ok(source) = EventSource::new(&url) else {
        return;
    };
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        page.connection
            .maybe_update(|state| std::mem::replace(state, Connection::Live) != Connection::Live);
        if let Some(data) = event.data().as_string() {
            deliver(page, &data);
        }
    });
    source.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    let on_error = Closure::<dyn Fn(Event)>::new(move |_| lost(page));
    source.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
    if let Some(old) = page.source.replace(Some(source)) {
        old.close();
    }
}

fn deliver(page: &'static Page, data: &str) {
    let Some((part, json)) = data.split_once('\n') else {
        return;
    };
    let mut latest = page.latest.borrow_mut();
    match latest.iter_mut().find(|(name, _)| name == part) {
        Some((_, last)) => json.clone_into(last),
        None => latest.push((part.to_owned(), json.to_owned())),
    }
    drop(latest);
    for (name, on_json) in page.followers.borrow().iter() {
        if *name == part {
            on_json(json);
        }
    }
}

fn lost(page: &'static Page) {
    let refused = page
        .source
        .borrow()
        .as_ref()
        .is_some_and(|source| source.ready_state() == EventSource::CLOSED);
    set_timeout(
        move || {
            let open_now = page
                .source
                .borrow()
                .as_ref()
                .is_some_and(|source| source.ready_state() == EventSource::OPEN);
            if !open_now && page.source.borrow().is_some() {
                page.connection.set(Connection::Lost);
            }
        },
        std::time::Duration::from_millis(GRACE_MS),
    );
    if refused {
        set_timeout(
            move || open(page),
            std::time::Duration::from_millis(REOPEN_MS),
        );
    }
}

fn watch_visibility(page: &'static Page) {
    let on_change = Closure::<dyn Fn(Event)>::new(move |_| {
        if document().visibility_state() == VisibilityState::Hidden {
            if let Some(source) = page.source.take() {
                source.close();
            }
            page.connection.set(Connection::Idle);
        } else {
            open(page);
        }
    });
    let _ = document().add_event_listener_with_callback(
        "visibilitychange",
        on_change.into_js_value().unchecked_ref(),
    );
}
