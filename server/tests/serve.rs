//! One instance, from its first answer to its last.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{io::Write, net::TcpStream};

use support::{
    FORM, HANG_GUARD, Instance, PASSWORD, ask, flaskscale, free_port, get, read_answer, refuses,
    run, until,
};

#[test]
fn a_page_carries_the_headers_that_bind_a_browser() {
    let instance = Instance::start();
    let page = instance.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(policy.starts_with("default-src 'none';"));
    assert!(!policy.contains("unsafe-inline"));
    for tag in page.body.split("<script").skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(
            tag.contains(&format!("nonce=\"{nonce}\"")) || tag.contains(&format!("nonce={nonce}")),
            "{tag}"
        );
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert!(page.header("permissions-policy").is_some());
    assert!(
        page.header("content-length").is_some(),
        "a page goes out in one piece"
    );
    assert!(
        page.header("strict-transport-security").is_none(),
        "plain HTTP"
    );
}

#[test]
fn two_visitors_never_share_a_nonce() {
    let instance = Instance::start();
    let policies: Vec<_> = (0..2)
        .map(|_| {
            instance
                .get("/")
                .header("content-security-policy")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_ne!(policies[0], policies[1]);
}

#[test]
fn a_proxy_that_is_trusted_may_say_https() {
    let instance = Instance::start_with(|command| {
        command.env("FLASKSCALE_PROXY", "google");
    });
    let binds = |instance: &Instance, scheme| {
        let page = instance.ask("GET", "/", &[("x-forwarded-proto", scheme)], "");
        page.header("strict-transport-security").is_some()
    };
    assert!(binds(&instance, "https"));
    assert!(!binds(&instance, "http"), "plain HTTP before the redirect");
    let direct = Instance::start();
    assert!(!binds(&direct, "https"), "a stranger's word");
}

#[test]
fn on_term_health_says_503_and_a_request_in_progress_still_ends() {
    let mut instance = Instance::start();
    let mut slow = TcpStream::connect(instance.address).unwrap();
    slow.set_read_timeout(Some(HANG_GUARD)).unwrap();
    let form = format!("user=admin&password={}", PASSWORD.replace(' ', "+"));
    let (first, rest) = form.split_at(5);
    let head = format!(
        "POST /admin/login HTTP/1.1\r\nhost: {}\r\n{}: {}\r\ncontent-length: {}\r\n\r\n{first}",
        instance.address,
        FORM.0,
        FORM.1,
        form.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    until("the request to be in progress", || {
        instance
            .get("/metrics")
            .body
            .contains("http_requests_in_flight 2")
            .then_some(())
    });
    instance.running.signal("-TERM");
    until("health to say 503", || {
        get(instance.address, "/health").filter(|answer| answer.status == 503)
    });
    slow.write_all(rest.as_bytes()).unwrap();
    let answer = read_answer(&mut slow).unwrap();
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(answer.header("set-cookie").is_some());
    assert!(instance.running.ended().success());
}

#[test]
fn metrics_count_requests_by_route_and_are_not_for_strangers() {
    let instance = Instance::start();
    instance.get("/");
    instance.get("/no/such/page");
    let metrics = instance.get("/metrics").body;
    assert!(
        metrics
            .contains(r#"flaskscale_http_requests_total{method="GET",route="/",status="200"} 1"#),
        "{metrics}"
    );
    assert!(!metrics.contains("no/such"), "{metrics}");
    for header in [("via", "1.1 google"), ("x-forwarded-for", "127.0.0.1")] {
        assert_eq!(instance.ask("GET", "/metrics", &[header], "").status, 403);
    }
}

#[test]
fn what_would_break_the_renderer_is_refused() {
    let instance = Instance::start();
    assert_eq!(
        instance.ask("CONNECT", "example.com:443", &[], "").status,
        400
    );
    assert_eq!(instance.ask("OPTIONS", "*", &[], "").status, 400);
    assert_eq!(
        instance
            .ask("GET", &format!("/{}", "x".repeat(10_000)), &[], "")
            .status,
        414
    );
    assert_eq!(
        instance
            .ask("POST", "/admin/login", &[FORM], &"x".repeat(100_000))
            .status,
        413
    );
    assert_eq!(instance.get("/health").status, 200);
}

#[test]
fn a_form_of_another_site_is_refused() {
    let instance = Instance::start();
    let form = format!("user=admin&password={}", PASSWORD.replace(' ', "+"));
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://evil.example"),
    ] {
        let answer = instance.ask("POST", "/admin/login", &[FORM, header], &form);
        assert_eq!(answer.status, 403, "{header:?}");
        assert!(answer.header("set-cookie").is_none());
    }
}

#[test]
fn a_taken_port_and_bad_settings_are_one_line_each() {
    let instance = Instance::start();
    let port = instance.address.port().to_string();
    refuses(
        flaskscale().args(["serve", "--cloud", "none", "--port", &port]),
        &port,
    );
    refuses(flaskscale().args(["serve", "--port", "70000"]), "70000");
    refuses(flaskscale().args(["serve", "--cloud", "sky"]), "sky");
    refuses(
        flaskscale().args(["serve", "--cloud", "local", "--port", "0"]),
        "FLASKSCALE_API",
    );
    refuses(flaskscale().arg("--nonsense"), "--nonsense");
    refuses(flaskscale().arg("nonsense"), "nonsense");
    for (name, value) in [
        ("PORT", "http"),
        ("FLASKSCALE_BIND", "everywhere"),
        ("FLASKSCALE_PROXY", "nginx"),
    ] {
        refuses(
            flaskscale()
                .args(["serve", "--cloud", "none"])
                .env(name, value),
            name,
        );
    }
}

#[test]
fn the_port_comes_from_the_flag_then_from_port_then_from_leptos() {
    let (flag, port, leptos) = (free_port(), free_port(), free_port());
    for (flags, environment, expected) in [
        (
            vec!["--port".to_owned(), flag.to_string()],
            vec![("PORT", port.to_string())],
            flag,
        ),
        (
            vec![],
            vec![
                ("PORT", port.to_string()),
                ("LEPTOS_SITE_ADDR", format!("127.0.0.1:{leptos}")),
            ],
            port,
        ),
        (
            vec![],
            vec![("LEPTOS_SITE_ADDR", format!("127.0.0.1:{leptos}"))],
            leptos,
        ),
    ] {
        let mut command = flaskscale();
        command
            .args(["serve", "--cloud", "none"])
            .args(flags)
            .envs(environment)
            .stderr(std::process::Stdio::null());
        let _running = support::Running::start(&mut command);
        let address = ([127, 0, 0, 1], expected).into();
        until("a healthy instance", || get(address, "/health"));
    }
}

#[test]
fn health_can_be_asked_for_without_curl() {
    let instance = Instance::start();
    let port = instance.address.port().to_string();
    assert_eq!(
        run(flaskscale().args(["healthcheck", "--port", &port])).code,
        Some(0)
    );
    assert_eq!(
        run(flaskscale().args(["healthcheck", "--port", &free_port().to_string()])).code,
        Some(1)
    );
}

#[test]
fn a_client_that_leaves_early_does_not_disturb_the_others() {
    let instance = Instance::start();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(instance.address).unwrap();
        let head = format!("GET /?x=1 HTTP/1.1\r\nhost: {}\r\n\r\n", instance.address);
        stream.write_all(head.as_bytes()).unwrap();
    }
    assert_eq!(
        ask(instance.address, "GET", "/?x=1", &[], "")
            .unwrap()
            .status,
        200
    );
}
