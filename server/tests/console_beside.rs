//! FlaskScale's console as a second container beside an app that is another.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
};

use reqwest::{Client, Response, redirect};
use support::{
    PASSWORD,
    folder::{Folder, site_of},
    get, processes_of, until,
    up::Up,
};
use tokio::runtime::Runtime;

const SITE: &str = "app.example.com";
const CONSOLE: &str = "console.app.example.com";

/// A browser that finds both names at the load balancer, whoever has signed its certificates.
struct Browser {
    runtime: Runtime,
    client: Client,
    port: u16,
}

impl Browser {
    fn at(port: u16) -> Self {
        // Another test of this process may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let balancer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let client = Client::builder()
            .danger_accept_invalid_certs(true)
            .redirect(redirect::Policy::none())
            .resolve(SITE, balancer)
            .resolve(CONSOLE, balancer)
            .build();
        Self {
            runtime: Runtime::new().unwrap(),
            client: client.unwrap(),
            port,
        }
    }

    /// Status and body; no status where nobody answers.
    fn get(&self, host: &str, path: &str, cookie: &str) -> Option<(u16, String)> {
        let url = format!("https://{host}:{}{path}", self.port);
        let request = self.client.get(url).header("cookie", cookie);
        self.runtime.block_on(async {
            let answer = request.send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        })
    }

    /// The session that the right password opens.
    fn log_in(&self) -> String {
        let url = format!("https://{CONSOLE}:{}/admin/login", self.port);
        let origin = format!("https://{CONSOLE}:{}", self.port);
        let form = format!("user=admin&password={}", PASSWORD.replace(' ', "+"));
        let request = self.client.post(url).header("origin", origin);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer: Response = self.runtime.block_on(request.send()).unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("Secure"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    fn reaches_the_console(&self) -> bool {
        let answer = self.get(CONSOLE, "/health", "");
        answer.is_some_and(|(status, _)| status == 200)
    }
}

/// A cloud in which `app:1` is a web server of files, one of them its health path.
fn cloud(directory: &Path) -> Up {
    let files = directory.join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("health"), "the app").unwrap();
    let serve = format!(
        "exec python3 -m http.server --directory {} $PORT",
        files.display()
    );
    let mut up = Up::fast(directory);
    up.args(["--containers", "off", "--image-command"])
        .arg(format!("app:1={serve}"));
    Up::start(&mut up)
}

fn port_of_https(folder: &Folder<'_>) -> u16 {
    let rules = folder.list("global/forwardingRules");
    let secure = rules
        .iter()
        .find(|rule| rule["name"] == "my-app-443")
        .unwrap();
    secure["labels"]["flaskscale-port"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn it_answers_under_its_own_name_with_https_alone_and_is_none_of_the_apps_business() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    fs::write(directory.path().join("password"), PASSWORD).unwrap();
    let cloud = cloud(directory.path());
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    folder.edit("# domain =", "domain =");
    let stdout = folder.does(&["deploy", "--yes", "--image", "app:1"]);
    let (site, port) = (site_of(&stdout), port_of_https(&folder));

    // A site that is there gets a console without noticing.
    folder.edit("\n[console]", "\n[console]\nimage = \"flaskscale:1\"\n#");
    let plan = folder.does(&["deploy", "--plan"]);
    assert!(plan.contains("+ backend service my-app-console"), "{plan}");
    assert!(!plan.contains("the site is down"), "{plan}");
    folder.does(&["deploy", "--yes"]);
    assert_eq!(folder.plan(&[], "+~±-"), [""; 0]);

    let browser = Browser::at(port);
    until("the console", || {
        browser.reaches_the_console().then_some(())
    });
    let file = |path| browser.get(SITE, path, "").unwrap();
    assert_eq!(file("/health"), (200, "the app".to_owned()));
    assert_eq!(file("/admin").0, 404, "the app's name leads to no console");

    let session = browser.log_in();
    let (status, page) = browser.get(CONSOLE, "/admin", &session).unwrap();
    assert_eq!(status, 200);
    assert!(page.contains("my-app"), "{page}");
    assert_eq!(browser.get(CONSOLE, "/admin", "").unwrap().0, 303);
    // Over plain HTTP the console's name leads to HTTPS, and the balancer is no way around that.
    assert_eq!(get(site, "/admin").unwrap().status, 301);

    the_app_outlives_it_and_it_comes_back(&folder, &browser, &session);

    folder.does(&["destroy", "--confirm", "my-app"]);
    for kind in ["global/backendServices", "global/urlMaps"] {
        // The local cloud has a deployment of its own.
        let mut left = folder.list(kind).into_iter();
        assert!(!left.any(|one| one["name"].as_str().unwrap().starts_with("my-app")));
    }
    assert!(cloud.end().success());
}

/// Every console is killed: the same instances go on serving, and the session is good afterwards.
fn the_app_outlives_it_and_it_comes_back(folder: &Folder<'_>, browser: &Browser, session: &str) {
    let instances = || {
        let path = "regions/us-central1/instanceGroupManagers/my-app/listManagedInstances";
        let path = format!("/compute/v1/projects/flaskscale-local/{path}");
        let mut listed = folder.post(&path, "{}")["managedInstances"].clone();
        let all = listed.as_array_mut().unwrap();
        let mut ids: Vec<String> = all.iter().map(|one| one["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let before = instances();
    let killed = consoles(folder);
    assert!(!killed.is_empty());
    for pid in &killed {
        let mut kill = Command::new("kill");
        // It may have ended with another that was killed before it.
        let _ = kill.args(["-9", &pid.to_string()]).status().unwrap();
    }
    until("other consoles", || {
        let now = consoles(folder);
        (!now.is_empty() && now.is_disjoint(&killed)).then_some(())
    });
    until("a console that is back", || {
        browser
            .get(CONSOLE, "/admin", session)
            .filter(|(status, _)| *status == 200)
    });
    assert_eq!(browser.get(SITE, "/health", "").unwrap().0, 200);
    assert_eq!(instances(), before);
}

fn consoles(folder: &Folder<'_>) -> BTreeSet<u32> {
    let is_console = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains("FLASKSCALE_CONSOLE_HOST=")
    };
    let of_cloud = processes_of(&format!("FLASKSCALE_API={}", folder.api));
    of_cloud.into_iter().filter(is_console).collect()
}
