//! Getting into the console, staying in it, and not getting in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use support::{FORM, Instance, PASSWORD, set_password, until};

/// Paths of the console that need no session: its door.
const DOOR: [&str; 2] = ["/admin/login", "/admin/logout"];

#[test]
fn the_right_password_opens_the_console_and_log_out_closes_it() {
    let instance = Instance::start();
    let cookie = instance.log_in(PASSWORD).unwrap();
    assert_eq!(
        instance
            .ask("GET", "/admin", &[("cookie", &cookie)], "")
            .status,
        200
    );
    let out = instance.ask("POST", "/admin/logout", &[FORM, ("cookie", &cookie)], "");
    assert_eq!(out.status, 303);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[test]
fn after_the_log_in_one_is_where_one_wanted_to_go_and_nowhere_else() {
    let instance = Instance::start();
    let target = |next: &str| {
        let form = format!(
            "user=admin&password={}&next={next}",
            PASSWORD.replace(' ', "+")
        );
        instance
            .ask("POST", "/admin/login", &[FORM], &form)
            .header("location")
            .unwrap()
            .to_owned()
    };
    assert_eq!(target("%2Fadmin%3Fwindow%3D1h"), "/admin?window=1h");
    assert_eq!(target("https%3A%2F%2Fevil.example"), "/admin");
    assert_eq!(target("%2Fadmin%2F%0D%0Ax"), "/admin");
    assert_eq!(
        instance.get("/admin").header("location"),
        Some("/admin/login?next=%2Fadmin")
    );
}

#[test]
fn a_wrong_password_or_user_leads_back_to_the_form() {
    let instance = Instance::start();
    for form in [
        "user=admin&password=wrong",
        "user=root&password=a+password+for+tests",
    ] {
        let answer = instance.ask("POST", "/admin/login", &[FORM], form);
        assert_eq!((answer.status, answer.header("set-cookie")), (303, None));
        assert!(
            answer
                .header("location")
                .unwrap()
                .starts_with("/admin/login?error=wrong")
        );
    }
}

#[test]
fn somebody_who_guesses_on_has_to_wait() {
    let instance = Instance::start();
    let limited = until("the limit", || {
        let answer = instance.ask("POST", "/admin/login", &[FORM], "user=admin&password=wrong");
        answer
            .header("location")
            .filter(|target| target.contains("error=limited"))
            .map(str::to_owned)
    });
    assert!(limited.starts_with("/admin/login?"));
}

#[test]
fn nothing_of_the_console_is_reached_without_a_session() {
    let instance = Instance::start();
    let functions: Vec<(&str, Method)> = server_fn::axum::server_fn_paths().collect();
    assert!(!functions.is_empty());
    for (path, method) in functions {
        assert!(
            path.starts_with("/api/admin/") || path.starts_with("/api/public/"),
            "{path}"
        );
        if path.starts_with("/api/admin/") {
            assert_eq!(
                instance.ask(method.as_str(), path, &[FORM], "").status,
                401,
                "{method} {path}"
            );
        }
    }
    for path in app::page_paths()
        .iter()
        .filter(|path| path.starts_with("/admin"))
    {
        let path = path.replace(['{', '}', '*'], "x");
        if !DOOR.contains(&path.as_str()) {
            let answer = instance.get(&path);
            assert_eq!(answer.status, 303, "{path}");
            assert!(
                answer
                    .header("location")
                    .unwrap()
                    .starts_with("/admin/login?next=")
            );
        }
    }
    assert_eq!(instance.get("/api/admin/live").status, 401);
    assert_eq!(instance.get("//admin").status, 303);
    assert_eq!(instance.get("/%61dmin").status, 303);
}

/// They only read, and their answers may be kept by the browser that asked.
const READERS: [&str; 1] = ["/api/admin/backtest/recording"];

#[test]
fn functions_that_change_something_are_never_a_get() {
    let changing = |(path, _): &(&str, Method)| !READERS.contains(path);
    for (path, method) in server_fn::axum::server_fn_paths().filter(changing) {
        assert_eq!(method, Method::POST, "{path} may be called by a link");
    }
}

#[test]
fn a_new_password_ends_every_session_of_a_running_instance() {
    let instance = Instance::start();
    let cookie = instance.log_in(PASSWORD).unwrap();
    set_password(
        &instance.directory.path().join("secrets.json"),
        "quite another password",
    );
    until("the end of the session", || {
        let answer = instance.ask("GET", "/admin", &[("cookie", &cookie)], "");
        (answer.status == 303).then_some(())
    });
    assert!(instance.log_in(PASSWORD).is_none());
    assert!(instance.log_in("quite another password").is_some());
}

#[test]
fn an_old_or_an_idle_session_is_over() {
    let instance = Instance::start();
    let status = |issued: u64, seen: u64| {
        let cookie = forged_by_us(&instance, issued, seen);
        instance
            .ask("GET", "/admin", &[("cookie", &cookie)], "")
            .status
    };
    let minutes = |count: u64| count * 60;
    assert_eq!(status(minutes(29), minutes(29)), 200);
    assert_eq!(status(minutes(31), minutes(31)), 303);
    assert_eq!(status(minutes(12 * 60 - 1), 0), 200);
    assert_eq!(status(minutes(12 * 60 + 1), 0), 303);
}

#[test]
fn a_used_session_is_prolonged_but_not_by_its_streams() {
    let instance = Instance::start();
    let cookie = forged_by_us(&instance, 600, 600);
    let page = instance.ask("GET", "/admin", &[("cookie", &cookie)], "");
    assert!(page.header("set-cookie").is_some());
    let fresh = forged_by_us(&instance, 600, 0);
    let page = instance.ask("GET", "/admin", &[("cookie", &fresh)], "");
    assert!(page.header("set-cookie").is_none());
}

#[test]
fn the_console_answers_to_no_foreign_name() {
    let instance = Instance::start();
    for host in ["evil.example", "192.0.2.1:5000", "localhost.evil.example"] {
        let answer = instance.ask("GET", "/admin/login", &[("host", host)], "");
        assert_eq!(answer.status, 403, "{host}");
        assert_eq!(
            instance.ask("GET", "/", &[("host", host)], "").status,
            200,
            "the site is public"
        );
    }
    assert_eq!(
        instance
            .ask("GET", "/admin/login", &[("host", "localhost")], "")
            .status,
        200
    );
}

#[test]
fn without_secrets_the_console_says_why_it_is_closed() {
    let instance = Instance::start_with(|command| {
        command.env_remove("FLASKSCALE_SECRETS_FILE");
    });
    let answer = instance.get("/admin");
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains("FLASKSCALE_SECRETS_FILE"),
        "{}",
        answer.body
    );
    assert_eq!(instance.get("/").status, 200);
}

/// A cookie as the program itself would have written it, `issued` and `seen` seconds ago.
fn forged_by_us(instance: &Instance, issued: u64, seen: u64) -> String {
    let text = std::fs::read_to_string(instance.directory.path().join("secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&text).unwrap();
    let key = Key::from(
        &STANDARD
            .decode(secrets["session_key"].as_str().unwrap())
            .unwrap(),
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = serde_json::json!({
        "user": "admin", "role": "admin", "issued": now - issued, "seen": now - seen,
        "fingerprint": fingerprint(secrets["password_hash"].as_str().unwrap()),
    });
    let name = format!("flaskscale-{}", secrets["id"].as_str().unwrap());
    let jar = PrivateCookieJar::new(key).add(Cookie::new(name, claims.to_string()));
    let answer = axum::response::IntoResponse::into_response(jar);
    answer.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn fingerprint(hash: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(hash)[..8]
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}
