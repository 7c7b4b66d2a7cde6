#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::configuration::Configuration;
use crate::deployment::order::names;
use crate::deployment::{Cost, Release};
use crate::json::merged;

mod beside;

const FILE: &str = "name = \"web\"\nregions = [\"us-central1\"]\n";
const DOMAIN: &str = "site.domain = \"app.example.com\"\n";

fn tutorial() -> Blueprint {
    Blueprint::tutorial("demo", "us-central1-a", "web")
}

/// The blueprint of a file with these settings more.
fn configured(settings: &str) -> Blueprint {
    of_file(&format!("{FILE}{settings}"))
}

fn of_file(file: &str) -> Blueprint {
    let configuration = Configuration::read(file).unwrap();
    let release = Release {
        image: "docker.io/library/app:1".to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    Blueprint::of(&configuration, "demo", &release)
}

fn usual(blueprint: &Blueprint, found: &Inventory) -> Plan {
    plan(blueprint, found, Terms::default())
}

/// What there is after a plan was carried out, with what a cloud fills in.
fn after(plan: &Plan, before: &Inventory) -> Inventory {
    let mut after = before.after(plan);
    for step in plan.steps.iter().filter(|step| step.act != Act::Delete) {
        let defaults = json!({
            "id": "42",
            "fingerprint": "abc=",
            "labelFingerprint": "def=",
            "address": "203.0.113.1",
            "timeoutSec": 30,
            "selfLink": format!("https://www.googleapis.com/compute/v1/projects/demo/{}", step.id.path()),
            // What the cloud says of others is no use of them.
            "instanceGroup": format!("projects/demo/{}/instanceGroups/{}", step.id.scope, step.id.name),
            "status": { "autoscaler": format!("projects/demo/{}/autoscalers/{}", step.id.scope, step.id.name) },
            "users": ["projects/demo/global/forwardingRules/web-80"],
        });
        let body = after.get(&step.id).unwrap().clone();
        after.set(step.id.clone(), merged(&defaults, &body));
    }
    after
}

/// What there is once `blueprint` was deployed to an empty project.
fn deployed(blueprint: &Blueprint) -> Inventory {
    let nothing = Inventory::default();
    after(&usual(blueprint, &nothing), &nothing)
}

/// Makes something else of a resource.
fn edit(found: &mut Inventory, kind: Kind, patch: &Value) {
    let id = found.all(kind).next().unwrap().0.clone();
    let body = merged(found.get(&id).unwrap(), patch);
    found.set(id, body);
}

/// Only what acts: a plan of the whole is the business of the first test.
fn told(plan: &Plan) -> String {
    let steps = plan.steps.iter().filter(|step| step.acts()).cloned();
    let plan = Plan {
        steps: steps.collect(),
        ..plan.clone()
    };
    plan.to_string()
}

#[test]
fn an_empty_project_gets_everything_and_then_nothing_is_left_to_do() {
    let blueprint = configured("");
    let template = blueprint.template_name();
    let plan = usual(&blueprint, &Inventory::default());
    let everything = format!(
        "\
+ api cloudresourcemanager.googleapis.com
+ api compute.googleapis.com
+ api logging.googleapis.com
+ api monitoring.googleapis.com
+ api iam.googleapis.com
+ service account web-vm
+ grant roles/logging.logWriter on the project
+ grant roles/monitoring.metricWriter on the project
+ health check web-serve
+ health check web-heal
+ firewall rule web-probes
+ instance template {template}
+ managed instance group web in us-central1
+ autoscaler web in us-central1
+ backend service web-site
+ address web-ip
+ URL map web-site
+ target HTTP proxy web-http
+ forwarding rule web-80
"
    );
    assert_eq!(plan.to_string(), everything);
    let found = deployed(&blueprint);
    let again = usual(&blueprint, &found);
    assert_eq!(again.to_string(), everything.replace('+', "="));
    assert!(again.is_empty());
}

#[test]
fn a_drained_region_stays_drained_when_another_is_added() {
    let mut found = deployed(&configured(""));
    let scaler = json!({ "capacityScaler": 0 });
    let service = found.all(Kind::BackendService).next().unwrap().1;
    let backend = merged(&service["backends"][0], &scaler);
    edit(
        &mut found,
        Kind::BackendService,
        &json!({ "backends": [backend] }),
    );
    let told = "! us-central1 is drained, and stays so until flaskscale fill us-central1\n";
    let same = usual(&configured(""), &found);
    assert!(same.is_empty());
    assert!(same.to_string().ends_with(told), "{same}");

    let file = "name = \"web\"\nregions = [\"us-central1\", \"europe-west1\"]\n";
    let more = usual(&of_file(file), &found);
    let service = more
        .steps
        .iter()
        .find(|step| step.id.kind == Kind::BackendService);
    let Act::Update(patch) = &service.unwrap().act else {
        panic!("a region is added: {more}");
    };
    assert_eq!(patch["backends"][0]["capacityScaler"], 0);
    assert_eq!(patch["backends"][1]["capacityScaler"], Value::Null);
}

#[test]
fn a_domain_brings_https_and_http_leads_there_once_the_certificate_is_issued() {
    let (plain, secure) = (configured(""), configured(DOMAIN));
    let mut found = deployed(&plain);
    let plan = usual(&secure, &found);
    let certificate = found_certificate(&secure);
    assert_eq!(
        told(&plan),
        format!(
            "+ certificate {certificate}\n+ target HTTPS proxy web-https\n+ forwarding rule web-443\n"
        )
    );
    found = after(&plan, &found);
    assert!(usual(&secure, &found).is_empty(), "nothing to do but wait");
    edit(
        &mut found,
        Kind::Certificate,
        &json!({"managed": {"status": "ACTIVE"}}),
    );
    let plan = usual(&secure, &found);
    assert_eq!(
        told(&plan),
        "\
+ URL map web-redirect
~ target HTTP proxy web-http
    urlMap: global/urlMaps/web-site → global/urlMaps/web-redirect
"
    );
    found = after(&plan, &found);
    assert!(usual(&secure, &found).is_empty());

    let other = configured("site.domain = \"www.example.com\"\n");
    let swap = usual(&other, &found);
    let proxy = swap
        .steps
        .iter()
        .find(|step| step.id.kind == Kind::SecureProxy);
    let Act::Update(patch) = &proxy.unwrap().act else {
        panic!("the proxy shows both certificates: {swap}");
    };
    assert_eq!(patch["sslCertificates"].as_array().unwrap().len(), 2);
    assert!(
        !swap
            .steps
            .iter()
            .any(|step| step.act == Act::Delete && step.id.kind == Kind::Certificate)
    );

    let back = usual(&plain, &found);
    let gone = back.steps.iter().filter(|step| step.act == Act::Delete);
    let gone: Vec<String> = gone.map(|step| step.id.to_string()).collect();
    assert_eq!(
        gone,
        [
            "forwarding rule web-443",
            "target HTTPS proxy web-https",
            "URL map web-redirect",
            &format!("certificate {certificate}"),
        ]
    );
}

/// Google issues certificates.
fn issue(found: &mut Inventory, which: impl Fn(&str) -> bool) {
    let certificates = found.all(Kind::Certificate);
    let waiting: Vec<_> = certificates
        .filter(|(_, body)| which(body["managed"]["domains"][0].as_str().unwrap()))
        .map(|(id, body)| {
            let active = json!({"managed": {"status": "ACTIVE"}});
            (id.clone(), merged(body, &active))
        })
        .collect();
    for (id, body) in waiting {
        found.set(id, body);
    }
}

fn found_certificate(blueprint: &Blueprint) -> String {
    let parts = blueprint.parts(&Inventory::default());
    let certificate = parts
        .into_iter()
        .find(|part| part.id.kind == Kind::Certificate);
    certificate.unwrap().id.name
}

#[test]
fn one_field_of_each_kind_is_one_change_of_it() {
    let before = configured("");
    let found = deployed(&before);
    let template = before.template_name();
    for (settings, expected) in [
        ("site.draining_seconds = 5\n", "~ backend service web-site\n    connectionDraining.drainingTimeoutSec: 60 → 5\n".to_owned()),
        ("update.surge = 4\n", "~ managed instance group web in us-central1\n    updatePolicy.maxSurge.fixed: 3 → 4\n".to_owned()),
        (
            "machine.type = \"e2-medium\"\n",
            format!("+ instance template NEW: a template never changes: it takes the place of {template}\n    machineType: e2-small → e2-medium\n~ managed instance group web in us-central1\n    instanceTemplate: URL/{template} → URL/NEW\n    versions[0].instanceTemplate: URL/{template} → URL/NEW\n"),
        ),
        (
            "app.environment.LEVEL = \"info\"\n",
            format!("+ instance template NEW: a template never changes: it takes the place of {template}\n    metadata.user-data: LEVEL=info (new)\n~ managed instance group web in us-central1\n    instanceTemplate: URL/{template} → URL/NEW\n    versions[0].instanceTemplate: URL/{template} → URL/NEW\n"),
        ),
        ("app.health_path = \"/up\"\n", "~ health check web-serve\n    httpHealthCheck.requestPath: /health → /up\n~ health check web-heal\n    httpHealthCheck.requestPath: /health → /up\n! the load balancer looks elsewhere at once, and the instances that run do not: the site is down until new ones serve\n".to_owned()),
    ] {
        let wanted = configured(settings);
        let url = "global/instanceTemplates";
        let told = told(&usual(&wanted, &found)).replace(url, "URL");
        let expected = expected.replace("NEW", &wanted.template_name());
        assert_eq!(told, expected, "{settings}");
    }
}

#[test]
fn a_change_that_running_instances_do_not_know_of_is_an_interruption() {
    let found = deployed(&configured(""));
    let warning = "! the load balancer looks elsewhere at once";
    for (file, interrupts) in [
        ("app.port = 8000\n", true),
        ("app.health_path = \"/up\"\n", true),
        ("machine.network = \"private\"\n", true),
        ("machine.type = \"e2-medium\"\n", false),
        ("site.draining_seconds = 5\n", false),
    ] {
        let plan = told(&usual(&configured(file), &found));
        assert_eq!(plan.contains(warning), interrupts, "{file}{plan}");
    }
}

#[test]
fn what_cannot_be_changed_is_made_anew_and_says_why() {
    let found = deployed(&configured(""));
    let plan = usual(&configured("machine.network = \"private\"\n"), &found);
    let firewall = plan
        .steps
        .iter()
        .find(|step| step.id.kind == Kind::Firewall)
        .unwrap();
    assert_eq!(firewall.sign(), '±');
    assert_eq!(
        firewall.why.as_deref(),
        Some("its network cannot be changed")
    );
}

#[test]
fn another_region_brings_its_group_and_a_region_less_takes_it_away() {
    let two = "name = \"web\"\nregions = [\"us-central1\", \"europe-west1\"]\n";
    let configuration = Configuration::read(two).unwrap();
    let release = Release {
        image: "docker.io/library/app:1".to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    let two = Blueprint::of(&configuration, "demo", &release);
    let one = configured("");
    let growth = told(&usual(&two, &deployed(&one)));
    assert!(
        growth.contains("+ managed instance group web in europe-west1\n"),
        "{growth}"
    );
    assert!(growth.contains("~ backend service web-site\n"), "{growth}");
    let plan = usual(&one, &deployed(&two));
    let shrinking = told(&plan);
    assert!(
        shrinking.contains("- managed instance group web in europe-west1"),
        "{shrinking}"
    );
    // The balancer lets go of the group, and its autoscaler ends, before the group goes.
    let group = plan
        .steps
        .iter()
        .find(|step| step.act == Act::Delete && step.id.kind == Kind::Group);
    let needs = group
        .unwrap()
        .needs
        .iter()
        .map(|need| plan.steps[*need].id.kind);
    assert_eq!(
        needs.collect::<BTreeSet<_>>(),
        [Kind::Autoscaler, Kind::BackendService].into()
    );
}

#[test]
fn what_belongs_to_others_is_in_the_way_until_it_is_adopted() {
    let blueprint = configured("");
    let mut found = deployed(&blueprint);
    edit(&mut found, Kind::UrlMap, &json!({"description": "by hand"}));
    edit(&mut found, Kind::Address, &json!({"description": null}));
    edit(&mut found, Kind::Autoscaler, &json!({"description": null}));
    let refused = usual(&blueprint, &found);
    assert_eq!(refused.in_the_way.len(), 3);
    assert_eq!(
        told(&refused).lines().last().unwrap(),
        "! URL map web-site is not of this deployment: choose another name, or take it over with --adopt"
    );
    assert!(refused.is_empty());
    let terms = Terms {
        adopt: true,
        ..Terms::default()
    };
    let adoption = plan(&blueprint, &found, terms);
    assert_eq!(
        told(&adoption),
        "\
~ autoscaler web in us-central1
    description: flaskscale:web;v=1 (new)
~ address web-ip: it is taken over
~ URL map web-site
    description: by hand → flaskscale:web;v=1
"
    );
    assert!(usual(&blueprint, &after(&adoption, &found)).is_empty());
}

#[test]
fn a_version_whose_size_google_states_is_no_canary() {
    let blueprint = configured("");
    let mut found = deployed(&blueprint);
    let mark = Mark::of("web");
    let template = found.in_service("web").unwrap().url;
    for (size, is_canary) in [
        (json!({"calculated": 2}), false),
        (json!({"percent": 20, "calculated": 1}), true),
    ] {
        let versions = json!([
            {"instanceTemplate": template},
            {"instanceTemplate": template, "targetSize": size},
        ]);
        edit(&mut found, Kind::Group, &json!({ "versions": versions }));
        let versions = found.versions(&mark);
        assert_eq!(versions[0].is_canary, is_canary, "{size}");
    }
}

#[test]
fn an_owners_policy_is_told_and_kept_unless_the_file_shall_win() {
    let blueprint = configured("");
    let mut found = deployed(&blueprint);
    edit(
        &mut found,
        Kind::Autoscaler,
        &json!({"autoscalingPolicy": {"minNumReplicas": 4}}),
    );
    edit(&mut found, Kind::Group, &json!({"targetSize": 5}));
    let kept = usual(&blueprint, &found);
    assert!(kept.is_empty());
    assert_eq!(
        told(&kept),
        "\
! autoscaler web in us-central1: its policy is kept as its owner has it; --policy sets it to the file's
    minNumReplicas: 4 (in the file: 2)
"
    );
    let terms = Terms {
        policy: true,
        ..Terms::default()
    };
    assert_eq!(
        told(&plan(&blueprint, &found, terms)),
        "~ autoscaler web in us-central1\n    autoscalingPolicy.minNumReplicas: 4 → 2\n"
    );
}

#[test]
fn the_load_balancer_believes_in_an_instance_before_the_group_does() {
    let parts = configured("").parts(&Inventory::default());
    let checks = parts
        .iter()
        .filter(|part| part.id.kind == Kind::HealthCheck);
    let number = |part: &Part, field: &str| part.body[field].as_u64().unwrap();
    let spans: Vec<(u64, u64)> = checks
        .map(|part| {
            let (interval, good) = (
                number(part, "checkIntervalSec"),
                number(part, "healthyThreshold"),
            );
            // From the first good answer at the earliest and at the latest.
            (interval * (good - 1), interval * good)
        })
        .collect();
    let [serve, heal] = spans[..] else {
        panic!("two checks: {spans:?}");
    };
    assert!(serve.1 < heal.0, "{spans:?}");
}

#[test]
fn removal_goes_backwards_and_takes_former_templates_too() {
    let (old, new) = (configured(""), configured("machine.type = \"e2-medium\"\n"));
    let found = deployed(&old);
    let found = after(&usual(&new, &found), &found);
    let plan = removal(&Mark::of("web"), &found);
    let templates = plan
        .steps
        .iter()
        .filter(|step| step.id.kind == Kind::Template);
    assert_eq!(templates.count(), 2);
    let gone = after(&plan, &found);
    assert_eq!(removal(&Mark::of("web"), &gone).steps, []);
    assert!(removal(&Mark::of("we"), &found).is_empty());
}

#[test]
fn the_machines_of_the_tutorial_cost_what_the_table_says() {
    let found = deployed(&configured(""));
    let cost = Cost::of(&Mark::of("web"), &found);
    let (least, most) = cost.per_month();
    // Two to six of e2-small at 12.23, with addresses at 3.65 and disks at 1.00, and 18.25 for the rules.
    assert!((least - 52.01).abs() < 0.01, "{cost:?}");
    assert!((most - 119.53).abs() < 0.01, "{cost:?}");
    assert_eq!(
        Cost::of(&Mark::of("web"), &Inventory::default()).per_hour(),
        (0.0, 0.0)
    );
}

#[test]
fn the_local_deployment_is_as_it_was_and_nobodys() {
    let blueprint = tutorial();
    let template = blueprint.template_name();
    let plan = usual(&blueprint, &Inventory::default());
    assert_eq!(
        plan.to_string(),
        format!(
            "\
+ health check web
+ instance template {template}
+ managed instance group web in us-central1-a
+ autoscaler web in us-central1-a
+ backend service web
+ URL map web
+ target HTTP proxy web
+ forwarding rule web
"
        )
    );
    let mut found = deployed(&blueprint);
    edit(
        &mut found,
        Kind::Autoscaler,
        &json!({"autoscalingPolicy": {"minNumReplicas": 4}}),
    );
    edit(&mut found, Kind::Group, &json!({"targetSize": 5}));
    assert_eq!(told(&usual(&blueprint, &found)), "");
}

#[test]
fn an_update_carries_the_fingerprint_of_what_it_was_planned_on() {
    let found = deployed(&tutorial());
    let wanted = Blueprint {
        draining_s: 30,
        ..tutorial()
    };
    let plan = usual(&wanted, &found);
    let service = plan.steps.iter().find(|step| step.acts()).unwrap();
    let expected = json!({"connectionDraining": {"drainingTimeoutSec": 30}, "fingerprint": "abc="});
    assert_eq!(service.act, Act::Update(expected));
}

#[test]
fn the_size_of_a_group_is_set_when_it_is_made_and_never_after() {
    let before = configured("");
    let found = deployed(&before);
    let settings = "machine.type = \"e2-medium\"\nscaling = { min = 3, max = 9 }\n";
    let plan = plan(
        &configured(settings),
        &found,
        Terms {
            policy: true,
            ..Terms::default()
        },
    );
    for step in &plan.steps {
        if let Act::Update(patch) = &step.act {
            assert_eq!(patch.get("targetSize"), None, "{step}");
        }
    }
}

fn any_settings() -> impl Strategy<Value = String> {
    let types = prop::sample::select(vec!["e2-micro", "e2-small"]);
    let domain = prop::sample::select(vec!["", DOMAIN, "site.domain = \"www.example.com\"\n"]);
    let network = prop::sample::select(vec!["default", "private"]);
    let console = prop::sample::select(vec!["", CONSOLE, beside::CONSOLE]);
    (types, domain, network, console, 1..4_u16, 0..3_u32).prop_map(|(machine, domain, network, console, port, draining)| {
        // A console beside the app has a name of its own below the site's.
        let domain = if console == beside::CONSOLE { "" } else { domain };
        format!(
            "{domain}{console}site.draining_seconds = {draining}\napp.port = {port}\nmachine = {{ type = \"{machine}\", network = \"{network}\" }}\n"
        )
    })
}

proptest! {
    /// From any earlier deployment, whole or half gone, one plan leads to the wanted one, and the next
    /// finds nothing to do; each step needs only steps that do not wait for it.
    #[test]
    fn the_plan_of_what_was_applied_is_empty(
        earlier in any_settings(),
        wanted in any_settings(),
        missing in prop::collection::btree_set(0..32_usize, 0..32),
        issued in any::<bool>(),
    ) {
        let mut found = deployed(&configured(&earlier));
        let ids: Vec<Id> = found.marked(&Mark::of("web")).map(|(id, _)| id.clone()).collect();
        for (_, id) in ids.iter().enumerate().filter(|(at, _)| missing.contains(at)) {
            found.remove(id);
        }
        if issued && found.all(Kind::Certificate).next().is_some() {
            issue(&mut found, |_| true);
        }
        let wanted = configured(&wanted);
        let first = usual(&wanted, &found);
        check_order(&first, &found);
        let applied = after(&first, &found);
        let second = usual(&wanted, &applied);
        // A certificate that was issued already may free the one before it.
        let rest = after(&second, &applied);
        prop_assert!(usual(&wanted, &rest).is_empty(), "{}", usual(&wanted, &rest));
        check_order(&removal(&Mark::of("web"), &rest), &rest);
    }
}

/// Takes the steps as they become ready, and holds each against what is there at that moment.
fn check_order(plan: &Plan, found: &Inventory) {
    let mut done: BTreeSet<usize> = (0..plan.steps.len())
        .filter(|at| !plan.steps[*at].acts())
        .collect();
    let mut world: BTreeSet<String> = found.all_paths();
    while done.len() < plan.steps.len() {
        let ready: Vec<usize> = (0..plan.steps.len())
            .filter(|at| !done.contains(at))
            .filter(|at| plan.steps[*at].needs.iter().all(|need| done.contains(need)))
            .collect();
        assert!(!ready.is_empty(), "the steps wait for each other: {plan}");
        for at in ready {
            let step = &plan.steps[at];
            if let Act::Create(body) = &step.act {
                let own = names(&step.id, Some(body));
                for named in references(body) {
                    let is_external = named.contains("/networks/")
                        || named.contains("/images/")
                        || named.contains("instanceGroups/")
                        || named.starts_with("serviceAccounts/")
                        || named == "secrets/key"
                        || named.starts_with("203.");
                    assert!(
                        is_external || own.contains(&named) || world.contains(&named),
                        "{step} names {named}"
                    );
                }
                world.extend(own);
            }
            done.insert(at);
        }
    }
}

impl Inventory {
    fn all_paths(&self) -> BTreeSet<String> {
        Kind::ALL
            .into_iter()
            .flat_map(|kind| self.all(kind).collect::<Vec<_>>())
            .flat_map(|(id, body)| names(id, Some(body)))
            .collect()
    }
}

#[test]
fn an_api_that_is_off_is_enabled_and_never_turned_off() {
    let blueprint = configured("app.secrets.KEY = \"key/1\"\n");
    let mut found = deployed(&blueprint);
    let secrets = found
        .all(Kind::Api)
        .find(|(id, _)| id.name.starts_with("secretmanager"))
        .map(|(id, _)| id.clone());
    found.remove(&secrets.unwrap());
    let plan = usual(&blueprint, &found);
    assert_eq!(told(&plan), "+ api secretmanager.googleapis.com\n");
    assert!(plan.enables_apis());

    let found = deployed(&blueprint);
    let less = usual(&configured(""), &found);
    let removal = removal(&Mark::of("web"), &found);
    let steps = less.steps.iter().chain(&removal.steps);
    let deleted = steps.filter(|step| step.act == Act::Delete);
    assert!(deleted.clone().count() > 0);
    assert_eq!(deleted.filter(|step| step.id.kind == Kind::Api).count(), 0);
}

const CONSOLE: &str = "app.console = true\napp.secrets.KEY = \"key/1\"\n";

/// The numbers of the steps that a step of a plan waits for.
fn needed_by<'a>(plan: &'a Plan, resource: &str) -> Vec<&'a Step> {
    let step = plan
        .steps
        .iter()
        .find(|step| step.id.to_string() == resource);
    let needs = step.unwrap().needs.iter();
    needs.map(|need| &plan.steps[*need]).collect()
}

#[test]
fn a_console_gets_a_role_of_its_own_and_each_right_where_it_is_needed() {
    let image = "us-central1-docker.pkg.dev/demo/web/app:1";
    let configuration = Configuration::read(&format!("{FILE}{CONSOLE}")).unwrap();
    let release = Release {
        image: image.to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    let blueprint = Blueprint::of(&configuration, "demo", &release);
    let plan = usual(&blueprint, &Inventory::default());
    let told = told(&plan);
    let identity = "\
+ secret web-session-key
+ secret web-admin-password
+ service account web-vm
+ custom role flaskscale.web
+ grant roles/logging.logWriter on the project
+ grant roles/monitoring.metricWriter on the project
+ grant roles/flaskscale.web on the project
+ grant roles/iam.serviceAccountUser on serviceAccounts/web-vm@demo.iam.gserviceaccount.com
+ grant roles/secretmanager.secretAccessor on secrets/key
+ grant roles/secretmanager.secretAccessor on secrets/web-admin-password
+ grant roles/secretmanager.secretAccessor on secrets/web-session-key
+ grant roles/artifactregistry.reader on locations/us-central1/repositories/web
";
    assert!(told.contains(identity), "{told}");
    let waits = needed_by(&plan, "grant roles/flaskscale.web on the project");
    let waits: Vec<String> = waits.iter().map(|step| step.id.to_string()).collect();
    // One writer of a policy after the other.
    let before = "grant roles/monitoring.metricWriter on the project";
    assert_eq!(
        waits,
        [
            "service account web-vm",
            "custom role flaskscale.web",
            before
        ]
    );
    let group = needed_by(&plan, "managed instance group web in us-central1");
    let grants = group.iter().filter(|step| step.id.kind == Kind::Grant);
    assert_eq!(grants.count(), 8, "instances begin to work at once");
    assert!(usual(&blueprint, &deployed(&blueprint)).is_empty());
}

#[test]
fn rights_that_are_asked_for_no_longer_are_taken_back() {
    let found = deployed(&configured(CONSOLE));
    let plan = usual(&configured(""), &found);
    let gone: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.act == Act::Delete)
        .map(|step| step.id.to_string())
        .collect();
    assert_eq!(
        gone,
        [
            "grant roles/secretmanager.secretAccessor on secrets/web-session-key",
            "grant roles/secretmanager.secretAccessor on secrets/web-admin-password",
            "grant roles/secretmanager.secretAccessor on secrets/key",
            "grant roles/iam.serviceAccountUser on serviceAccounts/web-vm@demo.iam.gserviceaccount.com",
            "grant roles/flaskscale.web on the project",
            "secret web-session-key",
            "secret web-admin-password",
            "custom role flaskscale.web",
        ]
    );
    let waits = needed_by(&plan, "custom role flaskscale.web");
    assert_eq!(
        waits[0].id.to_string(),
        "grant roles/flaskscale.web on the project"
    );
}

#[test]
fn a_named_account_is_used_and_nothing_is_made_for_it() {
    let found = deployed(&configured(CONSOLE));
    let named = "machine.service_account = \"mine@demo.iam.gserviceaccount.com\"\n";
    let plan = usual(&configured(&format!("{CONSOLE}{named}")), &found);
    assert!(
        plan.steps.iter().all(|step| step.act != Act::Delete),
        "former versions have the account of before: {plan}"
    );
    let told = told(&plan);
    assert!(
        told.contains("serviceAccounts[0].email: web-vm@demo"),
        "{told}"
    );
    let fresh = usual(&configured(named), &Inventory::default());
    assert!(!fresh.to_string().contains("web-vm"), "{fresh}");
}

#[test]
fn an_account_goes_after_all_who_name_it() {
    let found = deployed(&configured(CONSOLE));
    let plan = removal(&Mark::of("web"), &found);
    let waits = needed_by(&plan, "service account web-vm");
    let kinds: BTreeSet<Kind> = waits.iter().map(|step| step.id.kind).collect();
    assert_eq!(kinds, [Kind::Template, Kind::Grant].into());
    let revoked = plan.steps.iter().find(|step| step.id.kind == Kind::Grant);
    let member = "serviceAccount:web-vm@demo.iam.gserviceaccount.com";
    assert_eq!(revoked.unwrap().was["member"], member);
}

#[test]
fn the_address_goes_last_since_it_holds_the_lock() {
    let found = deployed(&configured(CONSOLE));
    let plan = removal(&Mark::of("web"), &found);
    let waits = needed_by(&plan, "address web-ip");
    assert_eq!(waits.len(), plan.steps.len() - 1);
}

#[test]
fn an_account_of_the_same_name_is_in_the_way() {
    let blueprint = configured("");
    let mut found = deployed(&blueprint);
    edit(
        &mut found,
        Kind::ServiceAccount,
        &json!({"description": "by hand"}),
    );
    let plan = usual(&blueprint, &found);
    assert_eq!(plan.in_the_way.len(), 1);
    assert!(
        plan.to_string()
            .contains("! service account web-vm is not of this deployment")
    );
    let removed = removal(&Mark::of("web"), &found);
    let is_account = |step: &&Step| step.id.kind == Kind::ServiceAccount;
    assert_eq!(removed.steps.iter().filter(is_account).count(), 0);
}

#[test]
fn a_secret_is_made_without_its_value_and_filled_if_somebody_was_stopped_in_between() {
    let blueprint = configured(CONSOLE);
    let plan = usual(&blueprint, &Inventory::default());
    let to_fill: Vec<&str> = plan.secrets_to_fill().collect();
    assert_eq!(to_fill, ["web-session-key", "web-admin-password"]);
    let template = plan
        .steps
        .iter()
        .find(|step| step.id.kind == Kind::Template);
    let text = template.unwrap().to_json().to_string();
    for variable in [
        "FLASKSCALE_SESSION_KEY_SECRET=projects/demo/secrets/web-session-key/versions/latest",
        "FLASKSCALE_ADMIN_PASSWORD_SECRET=projects/demo/secrets/web-admin-password/versions/latest",
    ] {
        assert!(text.contains(variable), "{text}");
    }
    let mut found = after(&plan, &Inventory::default());
    edit(&mut found, Kind::Secret, &json!({"isFilled": false}));
    let rest = usual(&blueprint, &found);
    assert_eq!(
        told(&rest),
        "~ secret web-admin-password\n    isFilled: false → true\n"
    );
    assert_eq!(rest.secrets_to_fill().count(), 1);
    let group = needed_by(&plan, "managed instance group web in us-central1");
    let secrets = group.iter().filter(|step| step.id.kind == Kind::Secret);
    assert_eq!(secrets.count(), 2, "instances read them when they start");
}

/// The same, where a zone of the project answers for the domain.
fn with_zone(mut found: Inventory) -> Inventory {
    found.answer_for("app.example.com", "example");
    found
}

#[test]
fn a_domain_whose_zone_is_ours_is_led_here_once_there_is_an_address() {
    let blueprint = configured(DOMAIN);
    let nothing = with_zone(Inventory::default());
    let plan = usual(&blueprint, &nothing);
    assert!(
        plan.to_string()
            .ends_with("+ DNS record app.example.com.\n"),
        "{plan}"
    );
    let waits = needed_by(&plan, "DNS record app.example.com.");
    assert_eq!(waits[0].id.to_string(), "address web-ip");
    // What the cloud has once the record is made: the digits that the address got.
    let mut found = after(&plan, &nothing);
    edit(
        &mut found,
        Kind::Record,
        &json!({"rrdatas": ["203.0.113.1"]}),
    );
    let again = usual(&blueprint, &found);
    assert!(again.is_empty(), "{again}");
    let removal = removal(&Mark::of("web"), &found);
    let record = removal
        .steps
        .iter()
        .find(|step| step.id.kind == Kind::Record);
    assert_eq!(record.unwrap().was["rrdatas"], json!(["203.0.113.1"]));
}

#[test]
fn a_record_of_somebody_else_is_neither_changed_nor_removed_unless_it_is_adopted() {
    let blueprint = configured(DOMAIN);
    let mut found = with_zone(Inventory::default());
    found = after(&usual(&blueprint, &found), &found);
    let theirs = json!({"rrdatas": ["192.0.2.1"], "description": null});
    edit(&mut found, Kind::Record, &theirs);
    let plan = usual(&blueprint, &found);
    assert!(plan.is_empty() && plan.in_the_way.is_empty(), "{plan}");
    let removed = removal(&Mark::of("web"), &found);
    assert!(
        removed
            .steps
            .iter()
            .all(|step| step.id.kind != Kind::Record)
    );
    let terms = Terms {
        adopt: true,
        ..Terms::default()
    };
    let adoption = super::plan(&blueprint, &found, terms);
    assert_eq!(
        told(&adoption),
        "~ DNS record app.example.com.\n    description: flaskscale:web;v=1 (new)\n    rrdatas[0]: 192.0.2.1 → 203.0.113.1\n"
    );
}

#[test]
fn the_rest_of_a_plan_is_within_it_and_anything_more_is_not() {
    let blueprint = configured("");
    let nothing = Inventory::default();
    let agreed = usual(&blueprint, &nothing);
    let first = [Kind::Address, Kind::Firewall];
    let begun = nothing.after(&agreed.clone().limited_to(&first));
    let rest = usual(&blueprint, &begun);
    assert!(rest.is_within(&agreed) && agreed.is_within(&agreed));
    assert!(!agreed.is_within(&rest));
    let other = usual(&configured("app.port = 80\n"), &begun);
    assert!(!other.is_within(&agreed));
}

/// A file whose image is built, and pushed to a repository of its own.
fn built() -> Blueprint {
    let file = format!("{FILE}[app]\ndockerfile = \"Dockerfile\"\n");
    let release = Release {
        image: "us-central1-docker.pkg.dev/demo/web/app:c-1".to_owned(),
        console_image: None,
        boot_image: "projects/cos-cloud/global/images/cos-125-1".to_owned(),
    };
    Blueprint::of(&Configuration::read(&file).unwrap(), "demo", &release)
}

#[test]
fn images_that_are_built_get_a_repository_that_keeps_the_newest() {
    let blueprint = built();
    let first = usual(&blueprint, &Inventory::default());
    let text = told(&first);
    let grant = "grant roles/artifactregistry.reader on locations/us-central1/repositories/web";
    assert!(
        text.contains("+ api artifactregistry.googleapis.com"),
        "{text}"
    );
    assert!(text.contains("+ repository web in us-central1"), "{text}");
    let needed = needed_by(&first, grant);
    let names: Vec<String> = needed.iter().map(|step| step.id.to_string()).collect();
    assert!(
        names.contains(&"repository web in us-central1".to_owned()),
        "{names:?}"
    );

    let mut found = deployed(&blueprint);
    assert_eq!(told(&usual(&blueprint, &found)).matches("\n+").count(), 0);
    edit(
        &mut found,
        Kind::Repository,
        &json!({ "cleanupPolicies": { "delete-old": null } }),
    );
    let text = told(&usual(&blueprint, &found));
    assert!(text.contains("~ repository web in us-central1"), "{text}");
}

#[test]
fn a_repository_stays_as_long_as_somebody_may_go_back_to_what_is_in_it() {
    let found = deployed(&built());
    let text = told(&usual(&configured(""), &found));
    assert!(!text.contains("- repository"), "{text}");
    let text = told(&removal(&Mark::of("web"), &found));
    assert!(text.contains("- repository web in us-central1"), "{text}");
}
