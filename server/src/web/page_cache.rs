//! Public pages for visitors who are not logged in: rendered once a second, sent to all of them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use app::CspNonce;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, SET_COOKIE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::Mutex;

use super::nonce;
use crate::session::Area;

/// How long a page is sent as it is.
const FRESH: Duration = Duration::from_secs(1);
/// How long it is still sent while one request renders it anew.
const STALE: Duration = Duration::from_secs(2);
/// The choices of colours; each is a page of its own. `None` is a visitor who never chose.
const THEMES: [Option<&str>; 4] = [None, Some("auto"), Some("light"), Some("dark")];

/// One entry for each page and colour, made at the start, so that strangers cannot make it grow.
#[derive(Debug)]
pub(crate) struct PageCache {
    entries: HashMap<String, [Arc<Entry>; THEMES.len()]>,
}

#[derive(Debug, Default)]
struct Entry {
    page: RwLock<Option<Arc<Page>>>,
    rendering: Arc<Mutex<()>>,
}

/// A rendered page, cut where the nonce belongs.
#[derive(Debug)]
struct Page {
    rendered: Instant,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
    length: usize,
}

impl PageCache {
    /// A cache for those of `paths` that are public and have no parameters.
    pub(crate) fn new(paths: &[String]) -> Self {
        let plain =
            |path: &&String| !path.contains(['{', ':', '*']) && Area::of(path) == Area::Public;
        let entries = paths
            .iter()
            .filter(plain)
            .map(|path| (path.clone(), Default::default()));
        Self {
            entries: entries.collect(),
        }
    }

    fn entry(&self, request: &Request) -> Option<Arc<Entry>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD)
            || request.uri().query().is_some()
        {
            return None;
        }
        let theme = only_theme(request.headers())?;
        Some(self.entries.get(request.uri().path())?[theme].clone())
    }
}

/// The place of the request's colours in [`THEMES`], if its cookies say nothing else.
fn only_theme(headers: &HeaderMap) -> Option<usize> {
    let mut cookies = headers.get_all(COOKIE).iter();
    let Some(cookie) = cookies.next() else {
        return Some(0);
    };
    let theme = cookie.to_str().ok()?.trim().strip_prefix("theme=")?;
    if cookies.next().is_some() {
        return None;
    }
    THEMES.iter().position(|known| *known == Some(theme))
}

impl Entry {
    fn page(&self, youngest: Duration) -> Option<Arc<Page>> {
        let page = self
            .page
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        page.filter(|page| page.rendered.elapsed() < youngest)
    }

    fn keep(&self, page: &Arc<Page>) {
        *self.page.write().unwrap_or_else(PoisonError::into_inner) = Some(page.clone());
    }
}

/// Answers from the cache, or renders for everybody who asks at the same time.
pub(crate) async fn cached(
    State(cache): State<Arc<PageCache>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(entry) = cache.entry(&request) else {
        return next.run(request).await;
    };
    let nonce = request
        .extensions()
        .get::<CspNonce>()
        .map_or_else(String::new, |nonce| nonce.0.clone());
    if let Some(page) = entry.page(FRESH) {
        return page.fill(&nonce);
    }
    let turn = match entry.rendering.clone().try_lock_owned() {
        Ok(turn) => turn,
        Err(_) => match entry.page(STALE) {
            Some(page) => return page.fill(&nonce),
            None => entry.rendering.clone().lock_owned().await,
        },
    };
    if let Some(page) = entry.page(FRESH) {
        return page.fill(&nonce);
    }
    // A task of its own: the one who renders may leave, the others still wait for the page.
    let render = tokio::spawn(async move {
        let _turn = turn;
        let rendered = render(request, next).await;
        if let Ok(page) = &rendered {
            entry.keep(page);
        }
        rendered
    });
    match render.await {
        Ok(Ok(page)) => page.fill(&nonce),
        Ok(Err(other)) => *other,
        Err(error) => {
            tracing::error!(%error, "a public page panicked");
            status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Renders with a marker for the nonce and without anything that is the visitor's own, so that nothing
/// of one visitor can reach another. What cannot be shared comes back as the answer that it is.
async fn render(request: Request, next: Next) -> Result<Arc<Page>, Box<Response>> {
    let marker = format!("nonce{}", nonce::fresh().replace(['-', '_'], "0"));
    let response = next.run(impersonal(request, &marker)).await;
    let html = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if response.status() != StatusCode::OK || !html || response.headers().contains_key(SET_COOKIE) {
        return Err(Box::new(response));
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Ok(Arc::new(Page::cut(
            parts.headers,
            &body.to_bytes(),
            marker.as_bytes(),
        ))),
        Err(_) => Err(Box::new(status(StatusCode::INTERNAL_SERVER_ERROR))),
    }
}

fn impersonal(request: Request, marker: &str) -> Request {
    let (mut parts, _) = request.into_parts();
    let theme = parts.headers.get(COOKIE).cloned();
    parts.headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html"))]);
    parts.headers.extend(theme.map(|theme| (COOKIE, theme)));
    parts.method = Method::GET;
    parts.extensions.insert(CspNonce(marker.to_owned()));
    Request::from_parts(parts, Body::empty())
}

impl Page {
    fn cut(mut headers: HeaderMap, body: &Bytes, marker: &[u8]) -> Self {
        headers.remove(CONTENT_LENGTH);
        let mut pieces = Vec::new();
        let mut start = 0;
        while let Some(at) = find(&body[start..], marker) {
            pieces.push(body.slice(start..start + at));
            start += at + marker.len();
        }
        pieces.push(body.slice(start..));
        let length = pieces.iter().map(Bytes::len).sum();
        Self {
            rendered: Instant::now(),
            headers,
            pieces,
            length,
        }
    }

    /// The page with a nonce of its own, as one block.
    fn fill(&self, nonce: &str) -> Response {
        let mut body = BytesMut::with_capacity(self.length + nonce.len() * (self.pieces.len() - 1));
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                body.extend_from_slice(nonce.as_bytes());
            }
            body.extend_from_slice(piece);
        }
        let mut response = Response::new(Body::from(body.freeze()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn status(code: StatusCode) -> Response {
    code.into_response()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{
        Extension, Router, http::header::CACHE_CONTROL, middleware, response::Html, routing::get,
    };
    use tower::ServiceExt;

    use super::*;

    /// A page that shows its nonce, the cookie it was given and how often it was rendered.
    fn site(renders: &'static AtomicUsize) -> Router {
        let page = move |Extension(CspNonce(nonce)): Extension<CspNonce>, headers: HeaderMap| async move {
            let count = renders.fetch_add(1, Ordering::SeqCst) + 1;
            let cookie = headers
                .get(COOKIE)
                .map_or("none", |value| value.to_str().unwrap());
            let host = headers.contains_key("host");
            Html(format!(
                "<script nonce=\"{nonce}\"></script>{count} {cookie} {host}<style nonce=\"{nonce}\"></style>"
            ))
        };
        let cache = Arc::new(PageCache::new(&[
            "/".to_owned(),
            "/admin".to_owned(),
            "/x/{id}".to_owned(),
        ]));
        Router::new()
            .route("/", get(page))
            .layer(middleware::from_fn_with_state(cache, cached))
    }

    async fn ask(site: &Router, nonce: &str, cookie: Option<&str>, target: &str) -> String {
        let mut builder = Request::builder().uri(target).header("host", "example.com");
        if let Some(cookie) = cookie {
            builder = builder.header(COOKIE, cookie);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request.extensions_mut().insert(CspNonce(nonce.to_owned()));
        let response = site.clone().oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key(CACHE_CONTROL));
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn everybody_gets_the_same_page_with_a_nonce_of_their_own() {
        static RENDERS: AtomicUsize = AtomicUsize::new(0);
        let site = site(&RENDERS);
        let pages = futures::future::join_all((0..50).map(|_| ask(&site, "aaaa", None, "/"))).await;
        let expected = "<script nonce=\"aaaa\"></script>1 none false<style nonce=\"aaaa\"></style>";
        assert!(pages.iter().all(|page| page == expected), "{pages:?}");
        assert_eq!(
            ask(&site, "bb", None, "/").await,
            expected.replace("aaaa", "bb")
        );
    }

    #[tokio::test]
    async fn a_visitor_with_a_query_or_any_other_cookie_gets_a_page_of_their_own() {
        static RENDERS: AtomicUsize = AtomicUsize::new(0);
        let site = site(&RENDERS);
        ask(&site, "n", None, "/").await;
        assert!(
            ask(&site, "n", Some("session=1"), "/")
                .await
                .contains("2 session=1 true")
        );
        assert!(
            ask(&site, "n", Some("theme=dark; session=1"), "/")
                .await
                .contains("3 theme=dark; session=1")
        );
        assert!(ask(&site, "n", None, "/?q=1").await.contains("4 none"));
    }

    #[tokio::test]
    async fn each_choice_of_colours_is_a_page() {
        static RENDERS: AtomicUsize = AtomicUsize::new(0);
        let site = site(&RENDERS);
        assert!(
            ask(&site, "n", Some("theme=dark"), "/")
                .await
                .contains("theme=dark")
        );
        assert!(
            ask(&site, "n", Some("theme=light"), "/")
                .await
                .contains("theme=light")
        );
        assert!(ask(&site, "n", None, "/").await.contains("none"));
    }

    #[test]
    fn only_public_pages_without_parameters_are_kept() {
        let cache = PageCache::new(&["/".to_owned(), "/admin".to_owned(), "/x/{id}".to_owned()]);
        assert_eq!(cache.entries.keys().collect::<Vec<_>>(), ["/"]);
    }
}
