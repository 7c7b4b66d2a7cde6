//! The built site: scripts, WebAssembly, styles and whatever lies in `public/`.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, header::CACHE_CONTROL},
};
use tower::ServiceBuilder;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

/// Routes for the files under `root`, sent compressed where a compressed copy lies beside them.
///
/// The top of the folder is listed once: a path that is no file costs no look at the disk.
pub(crate) fn routes(root: &Path, hashed_names: bool) -> Router {
    let package = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            caching(hashed_names),
        ))
        .service(directory(&root.join("pkg")));
    let mut router = Router::new().nest_service("/pkg", package);
    for (name, is_directory) in top(root) {
        let path = root.join(&name);
        router = if is_directory {
            router.nest_service(&format!("/{name}"), directory(&path))
        } else {
            router.route_service(
                &format!("/{name}"),
                ServeFile::new(path).precompressed_br().precompressed_gzip(),
            )
        };
    }
    router
}

/// A name with a hash never changes its content. Any other is asked for again, and the answer is
/// mostly 304.
fn caching(hashed_names: bool) -> HeaderValue {
    HeaderValue::from_static(if hashed_names {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    })
}

fn directory(path: &Path) -> ServeDir {
    ServeDir::new(path)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
}

/// Names at the top of the site that can stand in a route as they are. Compressed copies are found
/// through their originals.
fn top(root: &Path) -> Vec<(String, bool)> {
    let Ok(entries) = std::fs::read_dir(root) else {
        tracing::warn!(root = %root.display(), "the site's files are missing");
        return Vec::new();
    };
    let plain = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((
                entry.file_name().into_string().ok()?,
                entry.file_type().ok()?.is_dir(),
            ))
        })
        .filter(|(name, _)| plain(name) && name != "pkg" && !name.starts_with('.'))
        .filter(|(name, _)| !has_extension(name, "br") && !has_extension(name, "gz"))
        .collect()
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::{
        body::Body,
        http::{
            HeaderName, Request, StatusCode,
            header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
        },
        response::Response,
    };
    use tower::ServiceExt;

    use super::*;

    fn site() -> (tempfile::TempDir, Router) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir(root.join("pkg")).unwrap();
        std::fs::write(root.join("pkg/a.wasm"), "plain").unwrap();
        std::fs::write(root.join("pkg/a.wasm.br"), "small").unwrap();
        std::fs::write(root.join("robots.txt"), "User-agent: *").unwrap();
        let router = routes(root, false);
        (directory, router)
    }

    async fn get(router: &Router, path: &str, headers: &[(HeaderName, &str)]) -> Response {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_browser_that_can_gets_the_compressed_copy() {
        let (_directory, router) = site();
        let answer = get(&router, "/pkg/a.wasm", &[(ACCEPT_ENCODING, "br, gzip")]).await;
        assert_eq!(answer.headers()[CONTENT_ENCODING], "br");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/wasm");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
        let answer = get(&router, "/pkg/a.wasm", &[]).await;
        assert!(!answer.headers().contains_key(CONTENT_ENCODING));
    }

    #[tokio::test]
    async fn an_unchanged_file_is_not_sent_again() {
        let (_directory, router) = site();
        let first = get(&router, "/pkg/a.wasm", &[]).await;
        let etag = first.headers()[ETAG].to_str().unwrap().to_owned();
        let again = get(&router, "/pkg/a.wasm", &[(IF_NONE_MATCH, &etag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn files_of_the_public_folder_are_served_and_nothing_above_it() {
        let (_directory, router) = site();
        assert_eq!(
            get(&router, "/robots.txt", &[]).await.status(),
            StatusCode::OK
        );
        assert_eq!(
            get(&router, "/pkg/../../secret", &[]).await.status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            get(&router, "/pkg/%2e%2e/robots.txt", &[]).await.status(),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(caching(true).to_str().unwrap().contains("immutable"));
        assert_eq!(caching(false), "no-cache");
    }
}
