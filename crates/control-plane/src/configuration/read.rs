use std::collections::BTreeMap;
use std::time::Duration;

use autoscaler::{Policy, limits};
use toml::de::DeTable;

use super::reader::Reader;
use super::rules::{
    boolean, boot_image, domain, environment_value, file_below, fraction, image, integer,
    label_name, label_value, list, member, name, path, port, project, region, resource_name,
    secret, service_account, variable_name, zone,
};
use super::{App, Configuration, Console, Fault, Faults, Machine, Site, Update};
use crate::Location;

impl Configuration {
    /// Reads a file's text. What is not valid TOML is told alone, since what follows it may be read
    /// otherwise than it was meant.
    pub fn read(text: &str) -> Result<Self, Faults> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let fault = |error: &toml::de::Error| {
                let message = format!("this is not TOML: {}.", error.message());
                Fault::at(text, error.span().unwrap_or_default(), message)
            };
            return Err(Faults(errors.iter().map(fault).collect()));
        }
        let mut faults = Vec::new();
        let read = read(Reader::new(text, table.get_ref(), &mut faults));
        faults.sort_by_key(|fault| (fault.line, fault.column));
        match read {
            Some(configuration) if faults.is_empty() => Ok(configuration),
            _ => Err(Faults(faults)),
        }
    }
}

/// Reads every part before it gives up on one, so that all faults are found at once.
fn read(mut file: Reader<'_>) -> Option<Configuration> {
    let deployment = file.required("name", &name());
    let project = file.optional("project", &project());
    let locations = locations(&mut file);
    let app = app(file.section("app"));
    let machine = machine(file.section("machine"), locations.as_deref());
    let largest = largest(locations.as_deref().unwrap_or_default());
    let policy = policy(file.section("scaling"), largest);
    let site = site(file.section("site"));
    let update = update(file.section("update"));
    let console = console(&mut file, &app, &site);
    file.finish();
    Some(Configuration {
        name: deployment?,
        project,
        locations: locations?,
        app,
        console,
        machine,
        policy,
        site,
        update,
    })
}

/// Google's largest group: half as large in a zone as in a region.
fn largest(locations: &[Location]) -> u32 {
    let largest = match locations.first() {
        Some(Location::Zone(_)) => limits::LARGEST_GROUP / 2,
        _ => limits::LARGEST_GROUP,
    };
    u32::try_from(largest).unwrap_or(u32::MAX)
}

fn locations(file: &mut Reader<'_>) -> Option<Vec<Location>> {
    if file.has("regions") && file.has("zones") {
        file.reject("zones", "absent where regions says the same");
    }
    let zones = file.optional("zones", &list(zone()));
    let regions = if file.has("zones") {
        file.optional("regions", &list(region()))
    } else {
        file.required("regions", &list(region()))
    };
    let found: Vec<Location> = match (regions, zones) {
        (Some(regions), _) => regions.into_iter().map(Location::Region).collect(),
        (None, zones) => zones?.into_iter().map(Location::Zone).collect(),
    };
    let twice = (1..found.len()).any(|at| found[..at].contains(&found[at]));
    if twice {
        let field = if file.has("regions") {
            "regions"
        } else {
            "zones"
        };
        file.reject(field, "a list in which each stands once");
    }
    Some(found)
}

fn app(mut app: Reader<'_>) -> App {
    let read = App {
        image: app.optional("image", &image()),
        dockerfile: app.optional("dockerfile", &file_below()),
        port: app.optional("port", &port()).unwrap_or(5000),
        health_path: app
            .optional("health_path", &path())
            .unwrap_or_else(|| "/health".to_owned()),
        console: app.optional("console", &boolean()).unwrap_or(false),
        // Google pulls the plug 90 s after it has asked an instance to end, and the system needs some.
        stop_s: app.optional("stop_seconds", &integer(1..=60)).unwrap_or(30),
        environment: app
            .section("environment")
            .entries(variable_name, &environment_value())
            .into_iter()
            .collect(),
        secrets: app
            .section("secrets")
            .entries(variable_name, &secret())
            .into_iter()
            .collect(),
    };
    let twice = read
        .secrets
        .keys()
        .find(|name| read.environment.contains_key(*name));
    if let Some(name) = twice {
        let why = format!("without {name}, which app.environment sets too");
        app.reject("secrets", &why);
    }
    app.finish();
    read
}

/// Google takes host names of 253 characters.
const LONGEST_DOMAIN: usize = 253;

fn console(file: &mut Reader<'_>, app: &App, site: &Site) -> Option<Console> {
    let mut console = file.section("console");
    if console.is_empty() {
        return None;
    }
    let image = console.required("image", &image());
    let port = console.optional("port", &port()).unwrap_or(5001);
    if port == app.port {
        console.reject("port", "another port than app.port");
    }
    console.finish();
    if app.console {
        let why = "absent where app.console says that the app is one";
        file.reject("console", why);
    }
    if !site.https {
        let why = "absent without HTTPS, over which alone a console answers: it needs site.domain";
        file.reject("console", why);
    }
    let domain = format!("console.{}", site.domain.as_deref()?);
    if domain.len() > LONGEST_DOMAIN {
        let why = "absent where console.DOMAIN has more than 253 characters";
        file.reject("console", why);
    }
    Some(Console {
        image: image?,
        port,
        domain,
    })
}

fn machine(mut machine: Reader<'_>, locations: Option<&[Location]>) -> Machine {
    let subnetwork = machine.optional("subnetwork", &resource_name());
    if subnetwork.is_some() && locations.is_some_and(|locations| locations.len() > 1) {
        let why = "absent with several regions or zones, which need one each: \
                   leave it to the network to choose";
        machine.reject("subnetwork", why);
    }
    let read = Machine {
        machine_type: machine
            .optional("type", &resource_name())
            .unwrap_or_else(|| "e2-small".to_owned()),
        // Container-Optimized OS does not fit on less.
        disk_gb: machine
            .optional("disk_gb", &integer(10..=65_536))
            .unwrap_or(10),
        boot_image: machine.optional("boot_image", &boot_image()),
        service_account: machine.optional("service_account", &service_account()),
        network: machine
            .optional("network", &resource_name())
            .unwrap_or_else(|| "default".to_owned()),
        subnetwork,
        external_ip: machine.optional("external_ip", &boolean()).unwrap_or(true),
        labels: machine
            .section("labels")
            .entries(label_name, &label_value())
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    };
    machine.finish();
    read
}

fn policy(mut scaling: Reader<'_>, largest: u32) -> Policy {
    // A group that follows CPU can never be empty: there would be no CPU to follow.
    let size = || integer(1..=largest);
    let min = scaling.optional("min", &size()).unwrap_or(2);
    let max = scaling.optional("max", &size());
    let cpu = scaling.optional("cpu", &fraction()).unwrap_or(0.5);
    let initialization = scaling.optional("initialization_seconds", &integer(0..=3600));
    if max.unwrap_or(6).max(1) < min && (max.is_some() || !scaling.has("max")) {
        let least = format!("a whole number from {min}, the minimum, to {largest}");
        scaling.reject("max", &least);
    }
    scaling.finish();
    let mut policy = Policy::default_for(min, max.unwrap_or(6), cpu);
    if let Some(seconds) = initialization {
        policy.cool_down = Duration::from_secs(seconds.into());
    }
    policy
}

fn site(mut site: Reader<'_>) -> Site {
    let domain = site.optional("domain", &domain());
    let https = site.optional("https", &boolean());
    let redirect = site.optional("redirect", &boolean());
    if https == Some(true) && !site.has("domain") {
        let why = "false without site.domain, since a certificate is for a name";
        site.reject("https", why);
    }
    let https = https.unwrap_or(domain.is_some());
    if redirect == Some(true) && !https {
        site.reject(
            "redirect",
            "false without HTTPS, since there is nowhere to lead",
        );
    }
    let iap_members = site.optional("iap_members", &list(member()));
    if iap_members.is_some() && !https {
        let why = "absent without HTTPS, which Identity-Aware Proxy needs";
        site.reject("iap_members", why);
    }
    let read = Site {
        domain,
        https,
        redirect: redirect.unwrap_or(https),
        iap_members: iap_members.unwrap_or_default(),
        timeout_s: site
            .optional("timeout_seconds", &integer(1..=86_400))
            .unwrap_or(30),
        draining_s: site
            .optional("draining_seconds", &integer(0..=3600))
            .unwrap_or(60),
    };
    site.finish();
    read
}

fn update(mut update: Reader<'_>) -> Update {
    let count = || integer(0..=1000);
    let read = Update {
        surge: update.optional("surge", &count()).unwrap_or(1),
        unavailable: update.optional("unavailable", &count()).unwrap_or(0),
    };
    if read.surge == 0 && read.unavailable == 0 {
        let why = "at least 1 where update.unavailable is 0, or nothing could ever be replaced";
        update.reject("surge", why);
    }
    update.finish();
    read
}
