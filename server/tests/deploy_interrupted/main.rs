//! `flaskscale deploy` on a bad day: killed after each of its changes, and with an API that fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use gateway::{Gateway, Mood};
use serde_json::Value;
use support::{Running, ask, flaskscale, get, run, up::Up};

/// More than a deployment has steps, so that one that never gets on ends the test.
const RUNS: usize = 60;

/// Bad days that have nothing in common.
const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// A cloud of its own, an app, and the way between.
struct Bench {
    directory: tempfile::TempDir,
    _cloud: Up,
    api: SocketAddr,
    gateway: Gateway,
}

impl Bench {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let app = directory.path().join("my-app");
        fs::create_dir(&app).unwrap();
        let cloud = Up::start(&mut Up::fast(directory.path()));
        let api = cloud.said("api").unwrap();
        let api: SocketAddr = api.strip_prefix("http://").unwrap().parse().unwrap();
        assert_eq!(
            run(flaskscale().arg("init").current_dir(&app)).code,
            Some(0)
        );
        Self {
            directory,
            _cloud: cloud,
            api,
            gateway: Gateway::before(api),
        }
    }

    fn app(&self) -> std::path::PathBuf {
        Path::join(self.directory.path(), "my-app")
    }

    fn deploy(&self) -> Command {
        let mut command = flaskscale();
        command
            .args(["deploy", "--yes", "--image", "docker.io/library/app:1"])
            .current_dir(self.app())
            .env("FLASKSCALE_API", format!("http://{}", self.gateway.address));
        command
    }

    /// Whatever the cloud has, by collection and name.
    fn world(&self) -> Vec<String> {
        let mut found = Vec::new();
        for collection in [
            "global/addresses",
            "global/backendServices",
            "global/firewalls",
            "global/forwardingRules",
            "global/healthChecks",
            "global/instanceTemplates",
            "global/targetHttpProxies",
            "global/urlMaps",
            "regions/us-central1/autoscalers",
            "regions/us-central1/instanceGroupManagers",
        ] {
            let answer = self.read(&format!(
                "/compute/v1/projects/flaskscale-local/{collection}"
            ));
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            let names = items.iter().map(|item| item["name"].as_str().unwrap());
            found.extend(names.map(|name| format!("{collection}/{name}")));
        }
        let accounts = self.read("/v1/projects/flaskscale-local/serviceAccounts");
        let accounts = accounts["accounts"].as_array().cloned().unwrap_or_default();
        found.extend(accounts.iter().map(|account| account["email"].to_string()));
        let policy = "/v3/projects/flaskscale-local:getIamPolicy";
        let policy = ask(self.api, "POST", policy, &[], "").unwrap();
        let policy: Value = serde_json::from_str(&policy.body).unwrap();
        found.push(policy["bindings"].to_string());
        found.sort();
        found
    }

    fn read(&self, path: &str) -> Value {
        serde_json::from_str(&get(self.api, path).unwrap().body).unwrap()
    }

    fn nothing_is_left_to_do(&self) {
        self.gateway.set(Mood::Calm);
        let again = run(&mut self.deploy());
        assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
        assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    }
}

/// What an undisturbed deployment makes.
fn expected() -> Vec<String> {
    let bench = Bench::start();
    let ended = run(&mut bench.deploy());
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    bench.world()
}

#[test]
fn a_deployment_that_is_killed_after_each_change_converges_and_does_nothing_twice() {
    let expected = expected();
    let bench = Bench::start();
    let before = bench.world().len();
    let mut kills = 0;
    loop {
        bench.gateway.set(Mood::Calm);
        let mut command = bench.deploy();
        let mut deploy = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        bench.gateway.set(Mood::KillAfterChange(deploy.child.id()));
        let ended = deploy.ended();
        if ended.success() {
            break;
        }
        assert_eq!(ended.code(), None, "it ended by itself after {kills} kills");
        kills += 1;
        assert!(kills < RUNS, "{:?}", bench.world());
    }
    assert!(kills >= expected.len() - before, "only {kills} kills");
    bench.nothing_is_left_to_do();
    assert_eq!(bench.world(), expected);
}

#[test]
fn a_deployment_converges_while_three_calls_of_ten_fail() {
    let expected = expected();
    for seed in SEEDS {
        let bench = Bench::start();
        bench.gateway.set(Mood::Bad(seed));
        let mut runs = 1;
        while run(&mut bench.deploy()).code != Some(0) {
            runs += 1;
            assert!(runs < RUNS, "seed {seed}: {:?}", bench.world());
        }
        bench.nothing_is_left_to_do();
        assert_eq!(bench.world(), expected, "seed {seed}");
    }
}
