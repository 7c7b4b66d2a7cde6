//! `flaskscale export`: what it writes is run by the tools it is for, where they are installed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use support::{folder::Folder, get, run, up::Up};

const IMAGE: [&str; 2] = ["--image", "docker.io/library/app:1"];

#[test]
fn another_tool_makes_the_same_deployment() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("my-app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("Dockerfile"), "FROM scratch\nEXPOSE 5000\n").unwrap();
    let cloud = Up::start(&mut Up::fast(directory.path()));
    let folder = Folder {
        path: &app,
        api: cloud.said("api").unwrap().to_owned(),
    };
    folder.init();
    folder.edit("[\"us-central1\"]", "[\"us-central1\", \"europe-west1\"]");
    folder.edit("# LOG_LEVEL = \"info\"", "MOTTO = \"it's ${5}, %{x}\"");
    folder.edit("# domain =", "domain =");
    folder.edit("# iap_members", "iap_members");
    folder.edit("# team = \"web\"", "team = \"web\"");

    folder.edit("# console = false", "console = true");
    folder.post(
        "/dns/v1/projects/flaskscale-local/managedZones",
        r#"{"name": "example", "dnsName": "example.com.", "description": ""}"#,
    );

    let wanted = plan(&folder);
    assert!(
        wanted
            .iter()
            .all(|step| step["act"] == "create" || step["collection"] == "services")
    );
    terraform_reads_its_configuration(&folder);
    if is_there("gcloud") {
        gcloud_runs_its_script(&folder, directory.path());
        let missing: Vec<String> = wanted
            .iter()
            .filter(|step| is_of_compute(step))
            .filter_map(|step| what_is_missing(&folder, step))
            .collect();
        assert_eq!(missing, [""; 0]);
        // What a secret holds is no script's to know.
        for step in plan(&folder).iter().filter(|step| !is_of_compute(step)) {
            let is_secret = step["collection"] == "secrets";
            let expected = if is_secret { "update" } else { "keep" };
            assert_eq!(step["act"], expected, "{step}");
        }
    } else {
        println!("skipped: gcloud is not installed, so nobody ran its script");
    }
    assert!(cloud.end().success());
}

/// What `deploy` would do.
fn plan(folder: &Folder<'_>) -> Vec<Value> {
    let words = [&["deploy", "--plan", "--json"][..], &IMAGE].concat();
    let plan: Value = serde_json::from_str(&folder.does(&words)).unwrap();
    plan["steps"].as_array().unwrap().clone()
}

fn is_of_compute(step: &Value) -> bool {
    let beside = [
        "services",
        "serviceAccounts",
        "roles",
        "secrets",
        "bindings",
        "iap_web",
        "rrsets",
    ];
    !beside.contains(&step["collection"].as_str().unwrap())
}

fn is_there(tool: &str) -> bool {
    let mut version = Command::new(tool);
    version.arg("--version").stdout(Stdio::null());
    version.stderr(Stdio::null()).status().is_ok()
}

fn terraform_reads_its_configuration(folder: &Folder<'_>) {
    let configuration = folder.does(&[&["export", "terraform"][..], &IMAGE].concat());
    if !is_there("terraform") {
        println!("skipped: terraform is not installed, so nobody parsed its configuration");
        return;
    }
    let module = folder.path.join("terraform");
    fs::create_dir(&module).unwrap();
    fs::write(module.join("main.tf"), configuration).unwrap();
    let mut fmt = Command::new("terraform");
    fmt.args(["fmt", "-check", "-diff"]).current_dir(&module);
    let ended = run(fmt.env("CHECKPOINT_DISABLE", "1"));
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

fn gcloud_runs_its_script(folder: &Folder<'_>, home: &Path) {
    let script = folder.does(&[&["export", "gcloud"][..], &IMAGE].concat());
    let path = folder.path.join("deploy.sh");
    fs::write(&path, script).unwrap();
    let mut shell = Command::new("sh");
    shell.arg(path).env("CLOUDSDK_CONFIG", home.join("gcloud"));
    shell.env_remove("CLOUDSDK_PYTHON");
    for (name, value) in [
        ("AUTH_ACCESS_TOKEN", "offline-token"),
        ("CORE_DISABLE_USAGE_REPORTING", "1"),
        ("CORE_CHECK_GCE_METADATA", "0"),
        ("COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1"),
        ("SURVEY_DISABLE_PROMPTS", "1"),
    ] {
        shell.env(format!("CLOUDSDK_{name}"), value);
    }
    for (api, base) in [
        ("COMPUTE", "/compute/v1/"),
        ("CLOUDRESOURCEMANAGER", "/"),
        ("DNS", "/dns/v1/"),
        ("IAM", "/"),
        ("IAP", "/"),
        ("SECRETMANAGER", "/"),
        ("SERVICEUSAGE", "/"),
    ] {
        shell.env(
            format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"),
            format!("{}{base}", folder.api),
        );
    }
    let ended = run(&mut shell);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

/// What the cloud has otherwise than `deploy` would have made it.
fn what_is_missing(folder: &Folder<'_>, step: &Value) -> Option<String> {
    let text = |field: &str| step[field].as_str().unwrap();
    let (scope, collection, name) = (text("scope"), text("collection"), text("name"));
    let mut stated = step["body"].clone();
    match collection {
        // gcloud adds letters to the name of an autoscaler.
        "autoscalers" => drop(stated.as_object_mut().unwrap().remove("name")),
        // The names of what gives an instance its address say nothing.
        "instanceTemplates" => {
            let access = &mut stated["properties"]["networkInterfaces"][0]["accessConfigs"][0];
            access.as_object_mut().unwrap().remove("name");
        }
        // Its autoscaler has moved the size already.
        "instanceGroupManagers" => drop(stated.as_object_mut().unwrap().remove("targetSize")),
        // A rule shows the digits of the address that it was given by name.
        "forwardingRules" => {
            stated["IPAddress"] = read(folder, "global/addresses/my-app-ip")["address"].clone();
        }
        _ => {}
    }
    let actual = if collection == "autoscalers" {
        let all = folder.list(&format!("{scope}/{collection}"));
        all.into_iter().next().unwrap_or_default()
    } else {
        read(folder, &format!("{scope}/{collection}/{name}"))
    };
    let difference = difference(&stated, &actual, "")?;
    Some(format!("{scope}/{collection}/{name}{difference}"))
}

fn read(folder: &Folder<'_>, path: &str) -> Value {
    let api: SocketAddr = folder.api.strip_prefix("http://").unwrap().parse().unwrap();
    let path = format!("/compute/v1/projects/flaskscale-local/{path}");
    serde_json::from_str(&get(api, &path).unwrap().body).unwrap()
}

/// The first stated field that is otherwise. Metadata has no order, and a URL many spellings.
fn difference(stated: &Value, actual: &Value, path: &str) -> Option<String> {
    match (stated, actual) {
        (Value::Object(stated), Value::Object(_)) => stated
            .iter()
            .find_map(|(key, stated)| difference(stated, &actual[key], &format!("{path}.{key}"))),
        (Value::Array(stated), Value::Array(actual)) if stated.len() == actual.len() => {
            let (stated, actual) = (by_key(stated), by_key(actual));
            let mut pairs = stated.iter().zip(&actual).enumerate();
            pairs.find_map(|(at, (stated, actual))| {
                difference(stated, actual, &format!("{path}[{at}]"))
            })
        }
        _ if end_of_url(stated) == end_of_url(actual) => None,
        _ => Some(format!("{path}: {stated} is wanted, not {actual}")),
    }
}

fn by_key(items: &[Value]) -> Vec<&Value> {
    let mut items: Vec<&Value> = items.iter().collect();
    items.sort_by_key(|item| {
        let key = item["key"].as_str().or(item["group"].as_str());
        key.map(str::to_owned)
    });
    items
}

/// What follows the project; a number as a float, since `1` and `1.0` are the same.
fn end_of_url(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let end = text
                .rsplit_once("/projects/")
                .map_or(text.as_str(), |(_, end)| end);
            let end = end.strip_prefix("projects/").unwrap_or(end);
            Value::from(end)
        }
        Value::Number(number) => Value::from(number.as_f64()),
        other => other.clone(),
    }
}
