//! What the pages say, and what they never contain.

#![cfg(feature = "ssr")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod site;

use app::session::Role;
use http::{StatusCode, header};
use site::{Site, text};

#[tokio::test]
async fn the_public_page_names_the_instance_that_served_it() {
    let answer = Site::new().get("/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let html = text(answer).await;
    assert!(html.contains("flaskscale-x7f2"), "{html}");
    assert!(html.contains("data-live=\"/api/public/live\""), "{html}");
}

#[tokio::test]
async fn public_status_off_hides_the_fleet_and_loads_nothing() {
    let html = text(Site::new().without_public_status().get("/").await).await;
    assert!(!html.contains("flaskscale-x7f2"), "{html}");
    assert!(
        !html.contains("EventSource") && !html.contains(".js\""),
        "{html}"
    );
    let stream = Site::new()
        .without_public_status()
        .get("/api/public/live")
        .await;
    assert_eq!(stream.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let answer = Site::new().get("/no/such/page").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(text(answer).await.contains("There is no such page"));
}

#[tokio::test]
async fn without_a_cloud_the_console_says_so() {
    let html = text(Site::new().logged_in(Role::Viewer).get("/admin").await).await;
    assert!(
        html.contains("This instance was started without a cloud."),
        "{html}"
    );
    assert!(html.contains("Log out"), "{html}");
}

#[tokio::test]
async fn the_content_policy_is_kept() {
    for path in ["/", "/admin/login", "/admin", "/nowhere"] {
        let html = text(Site::new().logged_in(Role::Viewer).get(path).await).await;
        assert!(!html.contains(" style="), "{path} has an inline style");
        for script in html.match_indices("<script").map(|(at, _)| &html[at..]) {
            let tag = &script[..script.find('>').unwrap()];
            assert!(tag.contains("nonce=\"bm9uY2U\""), "{path}: {tag}");
        }
    }
}

#[tokio::test]
async fn text_from_outside_never_becomes_markup() {
    let probes = [
        "/admin/groups/us-central1-a/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/admin/login?next=%2F%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&error=%3Cscript%3E",
        "/%3C%2Ftitle%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ];
    for path in probes {
        let html = text(Site::new().logged_in(Role::Viewer).get(path).await).await;
        assert!(!html.contains("<script>alert"), "{path}: {html}");
    }
}

#[tokio::test]
async fn a_flash_is_shown_as_text_and_once() {
    let cookie = "flash=-%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let answer = Site::new()
        .logged_in(Role::Viewer)
        .get_with_cookie("/admin", cookie)
        .await;
    let cleared = answer
        .headers()
        .get(header::SET_COOKIE)
        .unwrap()
        .to_str()
        .unwrap();
    assert!(
        cleared.starts_with("flash=;") && cleared.contains("Max-Age=0"),
        "{cleared}"
    );
    let html = text(answer).await;
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_a_hint() {
    let html = text(Site::new().get("/admin/login?error=wrong").await).await;
    assert!(html.contains("User and password do not match."), "{html}");
}

#[tokio::test]
async fn log_in_leads_only_to_pages_of_this_site() {
    let html = text(
        Site::new()
            .get("/admin/login?next=https%3A%2F%2Fevil.example")
            .await,
    )
    .await;
    assert!(html.contains("name=\"next\" value=\"/admin\""), "{html}");
}

#[tokio::test]
async fn the_theme_is_remembered_and_leads_back() {
    let form = "theme=dark&back=%2Fadmin%3Fwindow%3D1h";
    let answer = Site::new()
        .post("/api/public/theme", "text/html", form)
        .await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()[header::LOCATION], "/admin?window=1h");
    assert!(
        answer.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("theme=dark;")
    );
    let html = text(Site::new().get_with_cookie("/", "theme=dark").await).await;
    assert!(html.contains("data-theme=\"dark\""), "{html}");
}

#[tokio::test]
async fn the_theme_form_sends_nobody_elsewhere() {
    let form = "theme=light&back=https%3A%2F%2Fevil.example";
    let answer = Site::new()
        .post("/api/public/theme", "text/html", form)
        .await;
    assert_eq!(answer.headers()[header::LOCATION], "/");
}
