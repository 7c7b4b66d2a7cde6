//! The import rules of ARCHITECTURE.md: which crate may build on which.
//!
//! They are what keeps the decision pure, the wire ignorant of the product, and the local cloud out
//! of the production image, so a crate that gains a forbidden dependency fails here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate of ours may import of ours.
const OURS: &[(&str, &[&str])] = &[
    ("autoscaler", &[]),
    ("gce", &[]),
    ("zones", &["autoscaler"]),
    ("gce-emulator", &["autoscaler", "gce", "zones"]),
    ("control-plane", &["autoscaler", "gce", "zones"]),
    ("app", &["autoscaler", "control-plane"]),
    ("frontend", &["app"]),
    (
        "server",
        &[
            "app",
            "autoscaler",
            "control-plane",
            "gce",
            "gce-emulator",
            "zones",
        ],
    ),
];

/// The decision may use nothing that could read a clock, do I/O or wait.
const AUTOSCALER_MAY_USE: &[&str] = &["serde", "serde_json", "thiserror"];

#[test]
fn no_crate_imports_what_the_house_forbids() {
    let packages = workspace_dependencies();
    let members: BTreeSet<&str> = OURS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        packages.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        members,
        "a crate was added or removed: say what it may import"
    );
    for (name, allowed) in OURS {
        for dependency in &packages[*name] {
            let is_ours = members.contains(dependency.as_str());
            assert!(
                !is_ours || allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_decision_stays_pure() {
    for dependency in &workspace_dependencies()["autoscaler"] {
        assert!(
            AUTOSCALER_MAY_USE.contains(&dependency.as_str()),
            "autoscaler must not depend on {dependency}"
        );
    }
}

#[test]
fn the_production_program_does_not_contain_the_local_cloud() {
    let tree = cargo(&[
        "tree",
        "-p",
        "server",
        "--no-default-features",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    for forbidden in ["gce-emulator", "rusqlite"] {
        assert!(
            !tree
                .lines()
                .any(|line| line.split(' ').next() == Some(forbidden)),
            "the program without the feature `local` links {forbidden}"
        );
    }
}

#[test]
fn the_browser_receives_neither_the_control_plane_nor_a_server() {
    let tree = cargo(&[
        "tree",
        "-p",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    for forbidden in ["control-plane", "gce", "tokio", "axum", "reqwest", "jiff"] {
        assert!(
            !tree
                .lines()
                .any(|line| line.split(' ').next() == Some(forbidden)),
            "the browser's half links {forbidden}"
        );
    }
}

/// The normal (not development) dependencies of each member, by name.
fn workspace_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).unwrap();
    let names = |package: &Value| -> BTreeSet<String> {
        package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["name"].as_str().unwrap().to_owned(), names(package)))
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
