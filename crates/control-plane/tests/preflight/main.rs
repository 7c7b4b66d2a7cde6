//! What stands against a deployment, one thing at a time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reading;

use std::collections::{BTreeMap, BTreeSet};

use control_plane::preflight::{
    Account, Answer, Facts, Intent, Place, Quota, Record, Region, Secrets, Severity, permissions,
    preflight, services,
};
use gce::org_policy::OrgPolicy;
use proptest::prelude::*;
use serde_json::{Value, json};

fn intent() -> Intent {
    Intent {
        project: "demo".into(),
        boot_project: "cos-cloud".into(),
        machine_type: "e2-small".into(),
        places: vec![Place {
            region: "us-central1".into(),
            instances: 7,
            running: 0,
        }],
        subnetwork: "default".into(),
        external_ip: true,
        disk_gb: 10,
        account: Account::Named("web-vm@demo.iam.gserviceaccount.com".into()),
        domains: vec!["app.example.com".into()],
        address: Some("203.0.113.7".into()),
        https: true,
        iap: false,
        repository: false,
        secrets: Secrets::Made,
        versions: [("key".to_owned(), 2)].into(),
    }
}

fn quota(metric: &str, limit: f64, usage: f64) -> Quota {
    Quota {
        metric: metric.into(),
        limit,
        usage,
    }
}

/// A project in which nothing stands against the intent.
fn ready(intent: &Intent) -> Facts {
    let on = |service: &str| (service.to_owned(), true);
    let held = permissions(intent)
        .into_iter()
        .map(|(name, _)| name.to_owned());
    let region = Region {
        up: true,
        quotas: vec![
            quota("CPUS", 24.0, 2.0),
            quota("INSTANCES", 24.0, 1.0),
            quota("IN_USE_ADDRESSES", 8.0, 1.0),
            quota("SSD_TOTAL_GB", 500.0, 0.0),
        ],
    };
    let address = Record {
        kind: "A".into(),
        data: "203.0.113.7".into(),
    };
    Facts {
        project_active: Answer::Is(true),
        billing: Answer::Is(true),
        services: Answer::Is(services(intent).into_iter().map(on).collect()),
        held: Answer::Is(held.collect()),
        regions: BTreeMap::from([("us-central1".to_owned(), Answer::Is(region))]),
        room: BTreeMap::from([("us-central1".to_owned(), Answer::Is(4000))]),
        quotas: Answer::Is(vec![quota("CPUS_ALL_REGIONS", 32.0, 2.0)]),
        cpus: Answer::Is(2),
        account_usable: Answer::Is(true),
        organisation: Answer::Is(BTreeMap::new()),
        secrets: BTreeMap::from([(("key".to_owned(), 2), Answer::Is(true))]),
        records: BTreeMap::from([("app.example.com".to_owned(), Answer::Is(vec![address]))]),
    }
}

/// The one finding after one thing was made wrong.
fn found(spoil: impl FnOnce(&mut Intent, &mut Facts)) -> (Severity, String) {
    let mut intent = intent();
    let mut facts = ready(&intent);
    spoil(&mut intent, &mut facts);
    let findings = preflight(&intent, &facts);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    (findings[0].severity, findings[0].to_string())
}

/// One finding of a weight, with what is the matter and its cure.
fn finds(severity: Severity, words: &[&str], spoil: impl FnOnce(&mut Intent, &mut Facts)) {
    let (weight, text) = found(spoil);
    assert_eq!(weight, severity, "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// The organisation says this of a constraint, and nothing of others.
fn policy(constraint: &str, rule: Value) -> Answer<BTreeMap<String, OrgPolicy>> {
    let policy = json!({ "spec": { "rules": [rule] } });
    let policy = serde_json::from_value(policy).unwrap();
    Answer::Is(BTreeMap::from([(constraint.to_owned(), policy)]))
}

#[test]
fn what_the_organisation_forbids_stops_a_deployment() {
    let only = |value: &str| json!({ "values": { "allowedValues": [value] } });
    for (constraint, rule, word) in [
        (
            "compute.vmExternalIpAccess",
            json!({ "denyAll": true }),
            "machine.external_ip = false",
        ),
        (
            "compute.trustedImageProjects",
            only("projects/ours"),
            "'cos-cloud'",
        ),
        (
            "compute.restrictLoadBalancerCreationForTypes",
            only("INTERNAL_TCP_UDP"),
            "GLOBAL_EXTERNAL_MANAGED",
        ),
        (
            "compute.disableGlobalLoadBalancing",
            json!({ "enforce": true }),
            "global load balancers",
        ),
        (
            "gcp.resourceLocations",
            only("europe-west1"),
            "'us-central1'",
        ),
        (
            "gcp.restrictServiceUsage",
            only("storage.googleapis.com"),
            "forbids the API",
        ),
    ] {
        finds(
            Severity::Stops,
            &[constraint, word, "exception"],
            |_, facts| {
                facts.organisation = policy(constraint, rule);
            },
        );
    }
    finds(
        Severity::Stops,
        &["machine.service_account"],
        |intent, facts| {
            intent.account = Account::Own { console: false };
            *facts = ready(intent);
            let rule = json!({ "enforce": true });
            facts.organisation = policy("iam.disableServiceAccountCreation", rule);
        },
    );
    finds(Severity::Warns, &["site.iap_members"], |intent, facts| {
        intent.iap = true;
        *facts = ready(intent);
        facts.organisation = policy("iam.allowedPolicyMemberDomains", only("C0123"));
    });
}

#[test]
fn what_the_organisation_leaves_open_is_no_finding() {
    let intent = intent();
    for (constraint, rule) in [
        ("compute.vmExternalIpAccess", json!({ "allowAll": true })),
        (
            "compute.trustedImageProjects",
            json!({ "values": { "allowedValues": ["projects/cos-cloud"] } }),
        ),
        (
            "gcp.resourceLocations",
            json!({ "values": { "allowedValues": ["in:us-locations"] } }),
        ),
        // An account of somebody's own is there already.
        (
            "iam.disableServiceAccountCreation",
            json!({ "enforce": true }),
        ),
    ] {
        let mut facts = ready(&intent);
        facts.organisation = policy(constraint, rule);
        assert_eq!(preflight(&intent, &facts), [], "{constraint}");
    }
    finds(
        Severity::Notes,
        &["roles/orgpolicy.policyViewer", "(403)"],
        |_, facts| {
            facts.organisation = no();
        },
    );
}

fn no<T>() -> Answer<T> {
    Answer::Unknown("The caller does not have permission (403)".into())
}

#[test]
fn a_project_that_is_ready_gives_no_findings() {
    let intent = intent();
    assert_eq!(preflight(&intent, &ready(&intent)), []);
}

#[test]
fn the_project_and_its_payer_are_looked_at() {
    finds(
        Severity::Stops,
        &["being deleted", "undelete demo"],
        |_, facts| {
            facts.project_active = Answer::Is(false);
        },
    );
    finds(
        Severity::Stops,
        &["hidden", "roles/viewer", "(403)"],
        |_, facts| {
            facts.project_active = no();
        },
    );
    finds(
        Severity::Stops,
        &["Nobody pays", "linkedaccount?project=demo"],
        |_, facts| {
            facts.billing = Answer::Is(false);
        },
    );
    finds(Severity::Notes, &["cannot be told"], |_, facts| {
        facts.billing = no();
    });
}

#[test]
fn an_api_that_is_off_stops_only_those_who_may_not_enable_it() {
    let turn_off = |facts: &mut Facts| {
        if let Answer::Is(known) = &mut facts.services {
            known.insert("secretmanager.googleapis.com".into(), false);
        }
    };
    let command = "gcloud services enable secretmanager.googleapis.com --project demo";
    finds(Severity::Stops, &[command], |_, facts| {
        turn_off(facts);
        if let Answer::Is(held) = &mut facts.held {
            held.remove("serviceusage.services.enable");
        }
    });
    let intent = intent();
    let mut facts = ready(&intent);
    turn_off(&mut facts);
    assert_eq!(preflight(&intent, &facts), []);
    if let Answer::Is(held) = &mut facts.held {
        held.remove("serviceusage.services.enable");
    }
    facts.services = ready(&intent).services;
    assert_eq!(preflight(&intent, &facts), [], "nothing is to be enabled");
}

#[test]
fn missing_permissions_are_named_with_the_role_that_brings_them() {
    let words = ["iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"];
    // It may be granted on the account alone.
    finds(Severity::Warns, &words, |_, facts| {
        if let Answer::Is(held) = &mut facts.held {
            held.retain(|name| !name.starts_with("iam."));
        }
    });
    let intent = intent();
    let mut facts = ready(&intent);
    facts.held = Answer::Is(BTreeSet::new());
    let roles: BTreeSet<&str> = permissions(&intent)
        .into_iter()
        .filter(|(name, _)| *name != "serviceusage.services.enable")
        .map(|(_, role)| role)
        .collect();
    assert_eq!(preflight(&intent, &facts).len(), roles.len());
}

#[test]
fn who_makes_an_account_needs_more_permissions_and_a_role_more_still() {
    let count = |account| {
        let mut intent = intent();
        intent.account = account;
        permissions(&intent).len()
    };
    let named = count(intent().account);
    let own = count(Account::Own { console: false });
    let console = count(Account::Own { console: true });
    assert!(named < own && own < console, "{named} {own} {console}");
    let mut reads = intent();
    reads.secrets = Secrets::Read;
    assert!(permissions(&reads).len() < permissions(&intent()).len());
}

#[test]
fn what_is_not_used_is_not_asked_for() {
    let mut plain = intent();
    (plain.secrets, plain.https) = (Secrets::None, false);
    let services = services(&plain);
    assert!(!services.iter().any(|name| name.starts_with("secret")));
    let permissions = permissions(&plain);
    assert!(permissions.iter().all(|(name, _)| !name.contains("ssl")));
}

#[test]
fn an_account_that_is_named_must_be_there() {
    finds(
        Severity::Stops,
        &["service-accounts create web-vm"],
        |_, facts| {
            facts.account_usable = Answer::Missing;
        },
    );
    finds(
        Severity::Stops,
        &["disabled", "service-accounts enable"],
        |_, facts| {
            facts.account_usable = Answer::Is(false);
        },
    );
    finds(Severity::Warns, &["cannot be told"], |_, facts| {
        facts.account_usable = no();
    });
}

#[test]
fn quotas_are_held_against_the_most_instances() {
    // 24 CPUs, 2 of them used: eleven instances of two fit.
    finds(
        Severity::Stops,
        &["CPUS of us-central1 is 24", "12 instances", "at most 11"],
        |intent, facts| {
            intent.places[0].instances = 12;
            intent.external_ip = false;
            facts.quotas = no();
        },
    );
    finds(
        Severity::Stops,
        &["IN_USE_ADDRESSES", "at most 7"],
        |intent, _| {
            intent.places[0].instances = 8;
        },
    );
    finds(
        Severity::Stops,
        &["CPUS_ALL_REGIONS of the project"],
        |_, facts| {
            facts.quotas = Answer::Is(vec![quota("CPUS_ALL_REGIONS", 12.0, 0.0)]);
        },
    );
    finds(
        Severity::Stops,
        &["SSD_TOTAL_GB", "at most 5"],
        |intent, _| intent.disk_gb = 100,
    );
}

#[test]
fn instances_that_run_already_need_no_second_place() {
    let mut intent = intent();
    let mut facts = ready(&intent);
    (intent.places[0].instances, intent.places[0].running) = (12, 6);
    assert_eq!(preflight(&intent, &facts), []);
    if let Some(Answer::Is(region)) = facts.regions.get_mut("us-central1") {
        region.quotas.retain(|quota| quota.metric != "CPUS");
    }
    intent.places[0].running = 0;
    intent.external_ip = false;
    assert_eq!(
        preflight(&intent, &facts),
        [],
        "what Google does not count is no quota"
    );
}

#[test]
fn a_subnetwork_has_an_address_for_each_instance_or_stops_it() {
    let of_us_central1 = |room| BTreeMap::from([("us-central1".to_owned(), room)]);
    finds(
        Severity::Stops,
        &[
            "'default' of us-central1 has 6 free",
            "7 instances",
            "expand-ip-range",
            "at most 6",
        ],
        |_, facts| facts.room = of_us_central1(Answer::Is(6)),
    );
    finds(
        Severity::Stops,
        &[
            "no subnetwork 'default' in us-central1",
            "machine.subnetwork",
        ],
        |_, facts| facts.room = of_us_central1(Answer::Missing),
    );
    finds(Severity::Notes, &["7 instances", "No."], |_, facts| {
        facts.room = of_us_central1(Answer::Unknown("No.".into()));
    });
    let intent = intent();
    let mut facts = ready(&intent);
    facts.room = of_us_central1(Answer::Is(7));
    assert_eq!(preflight(&intent, &facts), []);
}

#[test]
fn another_family_counts_to_a_quota_of_its_own() {
    finds(Severity::Stops, &["N2_CPUS"], |intent, facts| {
        intent.machine_type = "n2-standard-2".into();
        let region = facts.regions.get_mut("us-central1").unwrap();
        if let Answer::Is(region) = region {
            region.quotas.push(quota("N2_CPUS", 8.0, 0.0));
        }
    });
}

#[test]
fn a_place_that_is_not_there_is_named() {
    finds(
        Severity::Stops,
        &["no region 'moon1'", "regions list"],
        |intent, _| {
            intent.places[0].region = "moon1".into();
        },
    );
    finds(
        Severity::Stops,
        &["no machine type 'e2-small'"],
        |_, facts| {
            facts.cpus = Answer::Missing;
        },
    );
    finds(Severity::Warns, &["us-central1 is down"], |_, facts| {
        if let Some(Answer::Is(region)) = facts.regions.get_mut("us-central1") {
            region.up = false;
        }
    });
}

#[test]
fn a_domain_that_leads_elsewhere_is_told() {
    let record = |kind: &str, data: &str| Record {
        kind: kind.into(),
        data: data.into(),
    };
    for (added, words) in [
        (
            record("A", "198.51.100.1"),
            ["leads to 198.51.100.1", "record A"],
        ),
        (
            record("AAAA", "2001:db8::1"),
            ["2001:db8::1", "record AAAA"],
        ),
        (
            record("CNAME", "else.where."),
            ["else.where.", "record CNAME"],
        ),
        (
            record("CAA", "0 issue \"letsencrypt.org\""),
            ["CAA", "pki.goog"],
        ),
    ] {
        finds(Severity::Warns, &words, |_, facts| {
            if let Some(Answer::Is(records)) = facts.records.get_mut("app.example.com") {
                records.push(added);
            }
        });
    }
    finds(
        Severity::Notes,
        &["app.example.com. 300 IN A 203.0.113.7"],
        |_, facts| {
            let domain = "app.example.com".to_owned();
            facts.records.insert(domain, Answer::Missing);
        },
    );
    finds(
        Severity::Notes,
        &["console.app.example.com. 300 IN A 203.0.113.7"],
        |_, facts| {
            let domain = "console.app.example.com".to_owned();
            facts.records.insert(domain, Answer::Missing);
        },
    );
}

#[test]
fn a_secret_that_no_instance_could_read_stops_it() {
    for (answer, words) in [
        (
            Answer::Is(false),
            ["is disabled", "versions enable 2 --secret key"],
        ),
        (
            Answer::Missing,
            ["no version 2", "gcloud secrets create key"],
        ),
    ] {
        finds(Severity::Stops, &words, |_, facts| {
            facts.secrets.insert(("key".to_owned(), 2), answer);
        });
    }
    finds(Severity::Notes, &["cannot be told", "'key'"], |_, facts| {
        let hidden = Answer::Unknown("denied".to_owned());
        facts.secrets.insert(("key".to_owned(), 2), hidden);
    });
}

#[test]
fn what_stops_comes_first() {
    let mut intent = intent();
    intent.places[0].instances = 8;
    let mut facts = ready(&intent);
    facts.billing = no();
    let weights: Vec<Severity> = preflight(&intent, &facts)
        .iter()
        .map(|finding| finding.severity)
        .collect();
    assert_eq!(weights, [Severity::Stops, Severity::Notes]);
}

proptest! {
    /// Lowering the maximum as far as a finding says leaves nothing to find.
    #[test]
    fn the_maximum_that_is_advised_fits(limit in 0_u32..60, used in 0_u32..60, instances in 0_u32..40) {
        let mut intent = intent();
        intent.external_ip = false;
        intent.places[0].instances = instances;
        let mut facts = ready(&intent);
        facts.quotas = no();
        if let Some(Answer::Is(region)) = facts.regions.get_mut("us-central1") {
            region.quotas = vec![quota("CPUS", limit.into(), used.into())];
        }
        if let Some(finding) = preflight(&intent, &facts).first() {
            let advised = finding.text.split("at most ").nth(1).unwrap();
            intent.places[0].instances = advised.split(' ').next().unwrap().parse().unwrap();
            prop_assert_eq!(preflight(&intent, &facts), []);
        }
    }
}
