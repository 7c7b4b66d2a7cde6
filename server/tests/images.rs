//! From the name of an image to what runs, with a real registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path};

use support::{
    folder::Folder,
    registry::{Registry, is_installed},
    up::Up,
};

#[test]
fn a_tag_becomes_the_digest_that_it_leads_to() {
    if !is_installed("docker-registry") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::start(directory.path());
    let app = directory.path().join("web");
    fs::create_dir(&app).unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
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

/// What a newcomer has: a Dockerfile, and something for it to copy.
fn app_with_a_dockerfile(directory: &Path) -> std::path::PathBuf {
    let app = directory.join("web");
    fs::create_dir(&app).unwrap();
    let dockerfile = "FROM scratch\nCOPY page.txt /\nEXPOSE 8000\n";
    fs::write(app.join("Dockerfile"), dockerfile).unwrap();
    fs::write(app.join("page.txt"), "one").unwrap();
    app
}

/// The digest in a plan's `image NAME, built here by ENGINE → sha256:…`.
fn built_digest(shown: &str) -> String {
    let line = shown
        .lines()
        .find(|line| line.starts_with("image ") && line.contains("built here by"));
    let line = line.unwrap_or_else(|| panic!("no image was built: {shown}"));
    line.rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn a_folder_with_a_dockerfile_is_built_pushed_and_run() {
    if !is_installed("docker-registry") || !is_installed("buildah") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::start(directory.path());
    fs::write(
        directory.path().join("registry"),
        registry.address.to_string(),
    )
    .unwrap();
    let app = app_with_a_dockerfile(directory.path());
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.does(&["init"]);
    let repository = "flaskscale-local/web/web";

    let planned = folder.does(&["deploy", "--plan"]);
    let one = built_digest(&planned);
    assert!(
        planned.contains("+ repository web in us-central1"),
        "{planned}"
    );
    assert_eq!(
        registry.status(repository, &one),
        404,
        "a plan pushes nothing"
    );

    let shown = folder.does(&["deploy", "--yes"]);
    assert_eq!(built_digest(&shown), one);
    assert_eq!(registry.status(repository, &one), 200, "{shown}");
    let (status, kept) = folder.read("locations/us-central1/repositories/web");
    assert_eq!((status, kept["format"].as_str()), (200, Some("DOCKER")));
    let versions = folder.versions();
    assert!(versions[0].ends_with(&format!("@{one}")), "{versions:?}");
    let again = folder.does(&["deploy", "--yes"]);
    assert!(again.contains("nothing to do"), "{again}");
    assert!(!again.contains("pushed"), "{again}");

    a_changed_file_is_another_version(&folder, &registry, repository, &one);
    a_build_that_fails_changes_nothing(&folder);
    let gone = folder.does(&["destroy", "--confirm", "web"]);
    assert!(
        gone.contains("delete repository web in us-central1"),
        "{gone}"
    );
}

fn a_changed_file_is_another_version(
    folder: &Folder<'_>,
    registry: &Registry,
    repository: &str,
    one: &str,
) {
    fs::write(folder.path.join("page.txt"), "two").unwrap();
    let shown = folder.does(&["release", "--yes"]);
    let two = built_digest(&shown);
    assert_ne!(two, one);
    assert_eq!(registry.status(repository, &two), 200, "{shown}");
    let versions = folder.versions();
    assert!(
        versions[0].starts_with('*') && versions[0].ends_with(&two),
        "{versions:?}"
    );
    folder.does(&["rollback", "--yes"]);
    let versions = folder.versions();
    assert!(
        versions
            .iter()
            .any(|it| it.starts_with('*') && it.ends_with(one)),
        "{versions:?}"
    );
}

fn a_build_that_fails_changes_nothing(folder: &Folder<'_>) {
    let before = folder.versions();
    fs::write(
        folder.path.join("Dockerfile"),
        "FROM scratch\nCOPY nothing.txt /\n",
    )
    .unwrap();
    folder.refuses(&["release", "--yes"], "app.dockerfile");
    fs::remove_file(folder.path.join("Dockerfile")).unwrap();
    folder.refuses(&["deploy", "--yes"], "Dockerfile is not there");
    // Who only looks builds nothing.
    folder.does(&["status"]);
    folder.does(&["export", "terraform"]);
    assert_eq!(folder.versions(), before);
}
