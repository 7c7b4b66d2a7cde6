//! From the name of an image to what runs, with a real registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path};

use support::{
    flaskscale,
    folder::Folder,
    registry::{Registry, is_installed},
    up::Up,
};

/// A fast one, with its state below a directory.
fn local_cloud(directory: &Path) -> Up {
    let mut up = flaskscale();
    up.args(["up", "--site-port", "0", "--api-port", "0", "--speed", "60"]);
    Up::start(up.arg("--state-dir").arg(directory.join("state")))
}

#[test]
fn a_tag_becomes_the_digest_that_it_leads_to() {
    if !is_installed("docker-registry") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::start(directory.path());
    let app = directory.path().join("web");
    fs::create_dir(&app).unwrap();
    let cloud = local_cloud(directory.path());
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.does(&["init"]);

    let repository = "flaskscale-local/web/app";
    let name = format!("{}/{repository}", registry.address);
    let image = format!("{name}:1");
    let one = registry.keep(repository, "1", "amd64");
    let deploy = ["deploy", "--yes", "--image", &image];
    let shown = folder.does(&deploy);
    assert!(
        shown.contains(&format!("image {image} → {one}\n")),
        "{shown}"
    );
    assert_eq!(folder.versions(), [format!("* {image}@{one}")]);
    assert!(folder.does(&deploy).contains("nothing to do"));

    what_cannot_run_is_not_begun(&folder, &registry, &name);
    a_tag_that_was_moved_is_another_version(&folder, &registry, &image, &one);

    registry.stop();
    let shown = folder.does(&deploy);
    assert!(shown.contains("nothing to do"), "{shown}");
    assert!(shown.contains("cannot be reached"), "{shown}");
    let other = format!("{name}:2");
    let refused = support::run(&mut folder.command(&["deploy", "--yes", "--image", &other]));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stdout.contains("try again later"),
        "{}",
        refused.stdout
    );
}

fn what_cannot_run_is_not_begun(folder: &Folder<'_>, registry: &Registry, name: &str) {
    let repository = name.split_once('/').unwrap().1;
    registry.keep(repository, "arm", "arm64");
    for (tag, finding) in [
        ("none", "there is no image"),
        (
            "arm",
            "is for linux/arm64, and the machines are linux/amd64",
        ),
    ] {
        let image = format!("{name}:{tag}");
        let refused = support::run(&mut folder.command(&["deploy", "--yes", "--image", &image]));
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stdout.contains(finding), "{}", refused.stdout);
        folder.refuses(&["release", "--yes", "--image", &image], finding);
    }
}

fn a_tag_that_was_moved_is_another_version(
    folder: &Folder<'_>,
    registry: &Registry,
    image: &str,
    one: &str,
) {
    let repository = "flaskscale-local/web/app";
    folder.does(&["deploy", "--plan", "--image", image, "--out", "plan.json"]);
    let moved = registry.keep_noted(repository, "1", "amd64", "another");
    folder.refuses(&["deploy", "--yes", "plan.json"], "the world has changed");
    folder.does(&["release", "--yes", "--image", image]);
    let versions = [format!("* {image}@{moved}"), format!("  {image}@{one}")];
    assert_eq!(folder.versions(), versions);
}
