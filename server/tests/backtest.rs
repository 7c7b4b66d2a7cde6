//! `flaskscale backtest`, on tables and on a real fleet's own record.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use support::{LocalCloud, ask, flaskscale, get, refuses, run, until};

/// A directory with the files that the tests name.
fn files() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(directory.path().join(name), text).unwrap();
    write("two.json", policy(2, 0.5).to_string());
    write(
        "one.json",
        json!({ "autoscalingPolicy": policy(1, 0.8) }).to_string(),
    );
    write(
        "wrong.json",
        json!({"minNumReplicas": 5, "maxNumReplicas": 2, "coolDownPeriodSec": -1}).to_string(),
    );
    write("load.csv", table());
    write("faulty.csv", "time,cpu\n0,1\n60000,much\n".to_owned());
    directory
}

fn policy(min: u32, target: f64) -> Value {
    json!({
        "minNumReplicas": min, "maxNumReplicas": 6, "stabilizationPeriodSec": 120,
        "cpuUtilization": { "utilizationTarget": target },
    })
}

/// Two hours: quiet, an hour of two and a half instances' worth, quiet.
fn table() -> String {
    let busy = |minute: i64| if (30..90).contains(&minute) { 2.5 } else { 0.4 };
    let lines = (0..120).map(|minute| format!("{},{},2\n", (minute + 1) * 60_000, busy(minute)));
    format!("time,cpu,size\n{}", lines.collect::<String>())
}

fn backtest(directory: &Path, flags: &[&str]) -> Command {
    let mut command = flaskscale();
    command.arg("backtest").args(flags).current_dir(directory);
    command.env_remove("GOOGLE_CLOUD_PROJECT");
    command
}

#[test]
fn wrong_calls_are_refused_in_one_line() {
    let files = files();
    let cases: [(&[&str], &str); 9] = [
        (&[], "--group"),
        (
            &["--csv", "load.csv", "--days", "0", "--policy", "two.json"],
            "--days",
        ),
        (&["--csv", "load.csv"], "--policy"),
        (&["--csv", "load.csv", "--policy", "none.json"], "none.json"),
        (
            &["--csv", "load.csv", "--policy", "wrong.json"],
            "coolDownPeriodSec",
        ),
        (
            &["--csv", "faulty.csv", "--policy", "two.json"],
            "line 3, column cpu: \"much\" is not a number of at least 0",
        ),
        (
            &[
                "--csv",
                "load.csv",
                "--policy",
                "two.json",
                "--machine-type",
                "e9-huge",
            ],
            "e2-micro",
        ),
        (
            &["--csv", "load.csv", "--policy", "two.json", "--price=-1"],
            "--price",
        ),
        (&["--group", "web"], "FLASKSCALE_API"),
    ];
    for (flags, word) in cases {
        refuses(&mut backtest(files.path(), flags), word);
    }
}

#[test]
fn a_candidate_is_compared_with_the_present_policy_over_a_table() {
    let files = files();
    let flags = [
        "--csv",
        "load.csv",
        "--current",
        "two.json",
        "--policy",
        "one.json",
        "--machine-type",
        "e2-medium",
        "--initialization",
        "0",
    ];
    let ended = run(backtest(files.path(), &flags).arg("--json"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    let (current, candidate) = (&told["current"], &told["candidate"]);
    assert_eq!(
        (
            current["peak_instances"].as_u64(),
            candidate["peak_instances"].as_u64()
        ),
        (Some(5), Some(4))
    );
    for numbers in [current, candidate] {
        let cost = numbers["instance_hours"].as_f64().unwrap() * 0.033_505_71;
        assert!((numbers["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-9);
        let decisions = numbers["decisions"].as_array().unwrap();
        assert_eq!(numbers["moves"].as_u64(), Some(decisions.len() as u64));
        let told = decisions[0]["reason"]["summary"].as_str().unwrap();
        assert!(told.contains(" from 2 to "), "{told}");
    }
    assert!(candidate["cost_usd"].as_f64() < current["cost_usd"].as_f64());
    assert!(candidate["overload_minutes"].as_u64() > Some(0));
    // The table says that the group stayed at two.
    assert_eq!(
        (&told["fidelity"]["of"], &told["fidelity"]["trustworthy"]),
        (&json!(0), &json!(false))
    );

    let ended = run(backtest(files.path(), &flags).args(["--frontier"]));
    for word in [
        "what happened",
        "present policy",
        "one.json",
        "against the present",
        "Nothing costs less",
        "list prices",
    ] {
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
}

#[test]
fn a_load_that_is_saved_is_the_load_that_is_read() {
    let files = files();
    let saved = run(&mut backtest(
        files.path(),
        &[
            "--csv",
            "load.csv",
            "--policy",
            "two.json",
            "--save-csv",
            "again.csv",
        ],
    ));
    assert_eq!(saved.code, Some(0));
    let read = run(&mut backtest(
        files.path(),
        &["--csv", "again.csv", "--policy", "two.json"],
    ));
    assert_eq!(saved.stdout.replace("load.csv", "again.csv"), read.stdout);
}

#[test]
fn cases_are_checked_until_one_does_not_hold() {
    let files = files();
    let case = |name: &str, instances: u32| {
        json!({"name": name, "load": {"csv": "load.csv"}, "model": {"bootS": 10, "initializationS": 0, "burst": 8},
               "expect": {"atMostInstances": instances, "atMostOverloadMinutes": 3}})
    };
    let crowd = json!({"kind": "flash_crowd", "low": 0.5, "high": 2.0, "atMinute": 20});
    let generated = json!({"name": "a crowd", "load": {"generated": {"shape": crowd, "minutes": 90}},
                           "policy": policy(4, 0.5), "expect": {"atMostOverloadMinutes": 0}});
    let write = |cases: Value| {
        fs::write(
            files.path().join("cases.json"),
            json!({"cases": cases}).to_string(),
        )
        .unwrap();
    };
    let check = |flags: &[&str]| {
        let mut command = backtest(files.path(), &["--check", "cases.json"]);
        command.args(flags);
        command
    };

    write(json!([case("the sale", 5), generated.clone()]));
    let ended = run(&mut check(&["--policy", "two.json"]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let held: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        held[0].starts_with("holds: the sale: at most 5 instances, "),
        "{held:?}"
    );

    write(json!([
        generated.clone(),
        case("the sale", 3),
        case("another", 1)
    ]));
    let ended = run(&mut check(&["--policy", "two.json"]));
    assert_eq!(ended.code, Some(1));
    let first = "violated: the sale: 4 instances at 1970-01-01T00:33:00Z, expected at most 3";
    assert!(
        ended.stderr.starts_with(first) && ended.stderr.lines().count() == 1,
        "{}",
        ended.stderr
    );
    let ended = run(&mut check(&["--policy", "two.json", "--json"]));
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (ended.code, &told["passed"], &told["violated"]["case"]),
        (Some(1), &json!(1), &json!("the sale"))
    );

    // Mistakes in the file are not violations.
    write(json!([case("the sale", 5)]));
    refuses(&mut check(&[]), "the case \"the sale\" has no policy");
    write(json!([{"name": "nothing", "load": {"csv": "load.csv"}, "expect": {}}]));
    refuses(
        &mut check(&["--policy", "two.json"]),
        "the case \"nothing\" expects nothing",
    );
    write(json!([{"name": "typo", "load": {"csv": "load.csv"}, "expect": {"atMostInstance": 1}}]));
    refuses(&mut check(&["--policy", "two.json"]), "atMostInstance");
    write(json!([]));
    refuses(
        &mut check(&["--policy", "two.json"]),
        "there is no case in it",
    );
}

fn is_long() -> bool {
    std::env::var_os("FLASKSCALE_LONG").is_some()
}

#[test]
fn the_decisions_of_a_real_fleet_are_reproduced_from_its_own_record() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    let fleet = Fleet(&cloud);
    // A load that the start of an instance is small beside, and that a busy machine still has time
    // for. The stabilization period is longer than the minutes that a load takes to come and go: at
    // its edge a peak is remembered for a minute more or less, by the chance of the grid.
    fleet.patch(&json!({
        "coolDownPeriodSec": 30, "stabilizationPeriodSec": 240,
        "cpuUtilization": { "utilizationTarget": 0.3 },
    }));
    // How often the load comes and goes; each time is about half a minute.
    let rounds = if is_long() { 6 } else { 2 };
    for _ in 0..rounds {
        // Those that leave would take the load with them.
        until("two instances", || {
            (cloud.instances().len() == 2).then_some(())
        });
        fleet.burn(1.2, 240);
        until("growth", || (fleet.recommended() >= 3).then_some(()));
        until("rest", || (fleet.recommended() == 2).then_some(()));
    }
    let rested = fleet.now();

    let files = files();
    let flags = [
        "--group",
        "flaskscale",
        "--zone",
        "us-central1-a",
        "--policy",
        "one.json",
        "--json",
    ];
    let told = until("a record of the last minute", || {
        let ended =
            run(backtest(files.path(), &flags)
                .env("FLASKSCALE_API", format!("http://{}", cloud.api)));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let told: Value = serde_json::from_str(&ended.stdout).unwrap();
        (told["to_ms"].as_i64() > Some(rested + 60_000)).then_some(told)
    });
    let fidelity = &told["fidelity"];
    let count = |name: &str| fidelity[name].as_u64().unwrap();
    eprintln!("{}", fidelity["sentence"]);
    assert!(count("of") >= 4, "{fidelity}");
    // A long record holds the product's own bar. In a short one, two decisions that a busy machine
    // made a step too late are a quarter of all.
    let allowed = |of: u64| of / if is_long() { 10 } else { 4 };
    let missed = count("of") - count("reproduced");
    assert!(missed <= allowed(count("of")).max(1), "{fidelity}");
    let missed = count("steps") - count("steps_within_one");
    assert!(missed <= allowed(count("steps")), "{fidelity}");

    assert_eq!(
        (&told["group"], &told["machine_type"]),
        (&json!("us-central1-a/flaskscale"), &json!("e2-micro"))
    );
    assert_eq!(told["boot_measured"], true);
    let boot_s = told["model"]["bootS"].as_u64().unwrap();
    assert!((10..=120).contains(&boot_s), "{boot_s}");
    let hours = |who: &str| told[who]["instance_hours"].as_f64().unwrap();
    assert!(
        (hours("current") / hours("recorded") - 1.0).abs() < 0.15,
        "{told}"
    );
    assert!(hours("candidate") < hours("current"));
    cloud.stop();
}

struct Fleet<'a>(&'a LocalCloud);

const ZONE: &str = "zones/us-central1-a";

impl Fleet<'_> {
    fn change(&self, method: &str, path: &str, body: &Value) {
        let path = format!("/compute/v1/projects/flaskscale-local/{ZONE}/{path}");
        let json = ("content-type", "application/json");
        let answer = ask(self.0.api, method, &path, &[json], &body.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn patch(&self, policy: &Value) {
        self.change(
            "PATCH",
            "autoscalers?autoscaler=flaskscale",
            &json!({ "autoscalingPolicy": policy }),
        );
    }

    fn recommended(&self) -> i64 {
        self.0.api_json(&format!("{ZONE}/autoscalers/flaskscale"))["recommendedSize"]
            .as_i64()
            .unwrap_or(0)
    }

    fn now(&self) -> i64 {
        let clock = get(self.0.api, "/_emulator/clock").unwrap();
        let clock: Value = serde_json::from_str(&clock.body).unwrap();
        let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
        now.as_millisecond()
    }

    /// Burns a multiple of its share on an instance that will stay, for so many emulated seconds.
    fn burn(&self, load: f64, seconds: i64) {
        let instances = self.0.instances();
        let running =
            |instance: &&Value| instance["state"] == "RUNNING" || instance["status"] == "RUNNING";
        let name = instances.iter().find(running).unwrap()["name"]
            .as_str()
            .unwrap()
            .to_owned();
        let until = self.now() + seconds * 1000;
        let drill = json!({"id": until.to_string(), "kind": "cpu", "load": load, "until": until, "by": "test"});
        let instance = self.0.api_json(&format!("{ZONE}/instances/{name}"));
        let mut metadata = instance["metadata"].clone();
        let items = metadata["items"].as_array_mut().unwrap();
        items.retain(|item| item["key"] != "flaskscale-drill");
        items.push(json!({"key": "flaskscale-drill", "value": drill.to_string()}));
        self.change("POST", &format!("instances/{name}/setMetadata"), &metadata);
    }
}
