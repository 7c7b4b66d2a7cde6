//! Containers that really run in the local cloud, with docker or podman where one works.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use support::{
    ask,
    folder::{Folder, site_of},
    get, run, until,
    up::Up,
    visitors::Visitors,
};

/// Of an image that needs no other one: a shell and a small web server in one static program.
const DOCKERFILE: &str = r#"FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY serve /serve
EXPOSE 5000
CMD ["/bin/sh", "/serve"]
"#;

/// Ends on SIGTERM, which a shell that is the first process of a container does only if it says so.
const SERVE: &str = r#"busybox=/bin/busybox
$busybox mkdir /www
echo "first $GREETING" >/www/index.html
echo well >/www/health
echo "$PASSWORD" >/www/password
echo "says $GREETING"
trap 'exit 0' TERM
$busybox httpd -f -p $PORT -h /www &
[ -z "$BURN" ] || (while :; do :; done) &
wait
"#;

/// What runs containers here, if a test of them can be made.
fn engine() -> Option<&'static str> {
    static ENGINE: OnceLock<Result<&'static str, String>> = OnceLock::new();
    match ENGINE.get_or_init(find) {
        Ok(engine) => Some(engine),
        Err(why) => {
            eprintln!("skipped: it needs docker or podman, and Debian's busybox-static: {why}");
            None
        }
    }
}

/// The engine that the local cloud takes, if it does run a container: being installed is not enough where
/// this machine is a container itself.
fn find() -> Result<&'static str, String> {
    let said = |command: &mut Command| match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    // `ldd` refuses what needs no other file.
    if !Path::new(BUSYBOX).exists() || said(Command::new("ldd").arg(BUSYBOX)).is_ok() {
        return Err(format!("{BUSYBOX} is not there, or not static"));
    }
    let docker = ["version", "--format", "{{.Server.Version}}"];
    let engine = if said(Command::new("docker").args(docker)).is_ok() {
        "docker"
    } else {
        said(Command::new("podman").arg("info"))?;
        "podman"
    };
    let import = format!("tar -C /bin -cf - busybox | {engine} import - {PROBE}");
    said(Command::new("sh").args(["-c", &import]))?;
    let limits = ["--ulimit=nofile=256:256", "--ulimit=nproc=256:256"];
    let mut run = Command::new(engine);
    said(
        run.args(["run", "--rm"])
            .args(limits)
            .args([PROBE, "/busybox", "true"]),
    )?;
    Ok(engine)
}

/// The program of all images here.
const BUSYBOX: &str = "/bin/busybox";
const PROBE: &str = "localhost/flaskscale/probe:latest";

/// A folder with an app that is built here, and its file.
fn app(directory: &Path, name: &str) -> std::path::PathBuf {
    let app = directory.join(name);
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(app.join("serve"), SERVE).unwrap();
    fs::copy(BUSYBOX, app.join("busybox")).unwrap();
    app
}

/// The containers that were started for the groups of a deployment and are still known.
fn containers(engine: &str, name: &str) -> Vec<String> {
    let filter = format!("name=flaskscale-{name}-");
    let listed = run(Command::new(engine).args([
        "ps",
        "--all",
        "--filter",
        &filter,
        "--format",
        "{{.Names}}",
    ]));
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    listed.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn up_builds_the_container_of_a_file_and_runs_it() {
    let Some(engine) = engine() else { return };
    let directory = tempfile::tempdir().unwrap();
    let app = app(directory.path(), "fsup");
    let mut folder = Folder {
        path: &app,
        api: String::new(),
    };
    folder.init_with_greeting();

    let cloud = Up::start(&mut Up::of_file(directory.path(), &app));
    assert_eq!(cloud.said("containers"), Some(engine));
    assert_eq!(cloud.get("/").body, "first hello\n");
    assert!(containers(engine, "fsup").len() >= 2);
    folder.api = cloud.said("api").unwrap().to_owned();
    until("what a container says in its log", || {
        let said = folder.does(&["logs"]);
        said.contains("says hello").then_some(())
    });
    drop(cloud);
    until(
        "the end of the containers of a cloud that was killed",
        || containers(engine, "fsup").is_empty().then_some(()),
    );

    // What changed in the folder is built when it starts again.
    let serve = app.join("serve");
    fs::write(&serve, SERVE.replace("first", "second")).unwrap();
    let cloud = Up::start(&mut Up::of_file(directory.path(), &app));
    assert_eq!(cloud.get("/").body, "second hello\n");
    assert!(cloud.end().success());
    assert_eq!(containers(engine, "fsup"), Vec::<String>::new());
}

const VISITORS: Visitors = Visitors {
    count: 2,
    path: "/",
    rest: Duration::from_millis(20),
};

#[test]
fn what_is_deployed_is_built_and_run_and_replaced_without_a_failed_request() {
    let Some(engine) = engine() else { return };
    let directory = tempfile::tempdir().unwrap();
    let app = app(directory.path(), "fsdeploy");
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init_with_greeting();

    let shown = folder.does(&["deploy", "--yes"]);
    let site = site_of(&shown);
    assert_eq!(get(site, "/").unwrap().body, "first hello\n");
    assert!(folder.does(&["deploy", "--yes"]).contains("nothing to do"));

    fs::write(app.join("serve"), SERVE.replace("first", "second")).unwrap();
    let answers = VISITORS.during(site, || {
        folder.does(&["release", "--yes", "--bake", "0"]);
    });
    assert_eq!(answers.keys().collect::<Vec<_>>(), [&200], "{answers:?}");
    assert_eq!(get(site, "/").unwrap().body, "second hello\n");

    an_instance_whose_container_is_killed_comes_back(engine, site);
    an_instance_whose_container_stands_still_is_made_anew(engine, &folder);
    what_a_container_burns_is_its_instances_load(&folder);

    a_secret_reaches_the_container_and_no_command_line(&folder, site);

    folder.does(&["destroy", "--confirm", "fsdeploy"]);
    until("the end of the last container", || {
        containers(engine, "fsdeploy").is_empty().then_some(())
    });
}

fn an_instance_whose_container_is_killed_comes_back(engine: &str, site: SocketAddr) {
    let before = containers(engine, "fsdeploy");
    let killed = &before[0];
    let ended = run(Command::new(engine).args(["kill", killed]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    until("another container in its place", || {
        let now = containers(engine, "fsdeploy");
        (now.len() >= 2 && !now.contains(killed)).then_some(())
    });
    assert_eq!(get(site, "/").unwrap().body, "second hello\n");
}

fn an_instance_whose_container_stands_still_is_made_anew(engine: &str, folder: &Folder<'_>) {
    let before = containers(engine, "fsdeploy");
    let (instance, _port) = before[0].rsplit_once('-').unwrap();
    let instance = instance.strip_prefix("flaskscale-").unwrap();
    let fault = json!({"type": "unhealthy", "instance": instance});
    let fault = folder.post("/_emulator/faults", &fault.to_string());
    until("the end of the container that answers nothing", || {
        let now = containers(engine, "fsdeploy");
        (!now.contains(&before[0])).then_some(())
    });
    let path = format!("/_emulator/faults/{}", fault["id"].as_str().unwrap());
    ask(folder.address(), "DELETE", &path, &[], "").unwrap();
}

fn a_secret_reaches_the_container_and_no_command_line(folder: &Folder<'_>, site: SocketAddr) {
    const HELD: &str = "s3=cret# here";
    folder.edit("# DATABASE_URL = ", "PASSWORD = ");
    folder.refuses(&["deploy", "--yes"], "1 of the findings would make it fail");
    let secrets = "/v1/projects/flaskscale-local/secrets";
    let automatic = r#"{"replication": {"automatic": {}}}"#;
    folder.post(&format!("{secrets}?secretId=database-url"), automatic);
    let version = json!({"payload": {"data": STANDARD.encode(format!("{HELD}\n"))}});
    let add = format!("{secrets}/database-url:addVersion");
    folder.post(&add, &version.to_string());
    folder.does(&["deploy", "--yes"]);
    assert_eq!(get(site, "/password").unwrap().body, format!("{HELD}\n"));
    let version = format!("{secrets}/database-url/versions/1");
    folder.post(&format!("{version}:disable"), "{}");
    let group = "/compute/v1/projects/flaskscale-local/regions/us-central1/\
                 instanceGroupManagers/fsdeploy";
    let managed = || folder.post(&format!("{group}/listManagedInstances"), "{}");
    let instances = json!({"instances": [managed()["managedInstances"][0]["instance"]]});
    folder.post(
        &format!("{group}/recreateInstances"),
        &instances.to_string(),
    );
    until("the reason why an instance does not start", || {
        let errors = get(folder.address(), &format!("{group}/listErrors")).unwrap();
        let why = "version 1 of the secret database-url is not there, or not enabled";
        errors.body.contains(why).then_some(())
    });
    folder.post(&format!("{version}:enable"), "{}");
    until("an end of what each instance is going through", || {
        let managed = managed();
        let at_rest = |instance: &Value| instance["currentAction"] == "NONE";
        let instances = managed["managedInstances"].as_array()?;
        instances.iter().all(at_rest).then_some(())
    });
    assert_eq!(get(site, "/password").unwrap().body, format!("{HELD}\n"));

    let shows_it = |entry: fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(HELD)
    };
    assert!(!fs::read_dir("/proc").unwrap().flatten().any(shows_it));
}

/// Some more than it takes to answer probes, on a machine that may be busy with other tests.
const BUSY: f64 = 0.05;

fn what_a_container_burns_is_its_instances_load(folder: &Folder<'_>) {
    folder.edit("GREETING = ", "BURN = \"yes\"\nGREETING = ");
    folder.does(&["deploy", "--yes"]);
    until("a load", || {
        let filter = "metric.type=\"compute.googleapis.com/instance/cpu/utilization\" AND \
                      metric.labels.instance_name=starts_with(\"fsdeploy-\")";
        let series = folder.time_series(filter);
        let newest = |series: &Value| series["points"][0]["value"]["doubleValue"].as_f64();
        let busy = series.iter().filter_map(newest).filter(|load| *load > BUSY);
        (busy.count() >= 2).then_some(())
    });
}
