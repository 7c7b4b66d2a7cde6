//! `flaskscale status`: what is deployed, how it is, what it costs, and what to do next.

use std::process::ExitCode;

use control_plane::deployment::{
    CertificateState, Cost, GroupProgress, Inventory, Plan, Terms, Version, plan, progress, removal,
};
use serde_json::{Value, json};

use super::versions;
use crate::{
    deploy::{File, Target, Wish, address, money, records_to_set, usd_per_hour},
    failure::Failure,
    logs,
};

/// The flags of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// What went wrong with instances so lately may be why some are missing.
const LOOKS_BACK_MS: i64 = 10 * 60 * 1000;

/// Everything that is known of a deployment.
struct Status {
    target: Target,
    found: Inventory,
    plan: Plan,
    versions: Vec<Version>,
    groups: Vec<GroupProgress>,
    certificates: Vec<CertificateState>,
    cost: Cost,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    let is_there = !removal(&target.mark(), &found).is_empty();
    match (is_there, args.json) {
        (true, true) => println!("{:#}", Status::of(target, found).await?.json()),
        (true, false) => Status::of(target, found).await?.show(),
        (false, true) => println!("{:#}", nothing(&target)),
        (false, false) => println!(
            "{} in the project {}\nnothing of it is there; next: flaskscale deploy",
            target.name(),
            target.client.project()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// What programs read of a deployment that is not there.
fn nothing(target: &Target) -> Value {
    json!({
        "name": target.name(),
        "project": target.client.project(),
        "is_there": false,
        "next": "flaskscale deploy",
    })
}

impl Status {
    async fn of(target: Target, found: Inventory) -> Result<Self, Failure> {
        let blueprint = target.blueprint(&found, &Wish::default()).await?;
        let plan = plan(&blueprint, &found, Terms::default());
        let since = target.client.server_now().unwrap_or_default() - LOOKS_BACK_MS;
        let groups = progress(&target.client, target.name(), since)
            .await
            .map_err(|error| Failure::broken_because("cannot look at the groups", &error))?;
        let mark = target.mark();
        Ok(Self {
            plan,
            versions: found.versions(&mark),
            groups,
            certificates: found.certificates(&mark),
            cost: Cost::of(&mark, &found),
            target,
            found,
        })
    }

    /// `=` is as the configuration asks, `+` is missing, `~` differs, `-` is asked for no longer.
    fn show(&self) {
        let (name, project) = (self.target.name(), self.target.client.project());
        print!("{name} in the project {project}\n{}", self.plan);
        if let Some(version) = self.found.in_service(name) {
            let image = version.image.as_deref().unwrap_or("no image noted");
            println!("version {}, {image}", version.template);
        }
        for group in &self.groups {
            let GroupProgress {
                group,
                size,
                ready,
                others,
                ..
            } = group;
            println!("{group}: {ready} of {size} instances serve, {others} come or go");
        }
        for certificate in &self.certificates {
            println!("{certificate}");
        }
        if let Some(address) = address(name, &self.found) {
            println!("address {address}");
        }
        if let Some(console) = &self.target.configuration.console {
            println!("console https://{}/admin", console.domain);
        }
        println!("costs {}, without traffic", money(&self.cost));
        match self.next() {
            Some(next) => println!("next: {next}"),
            None => println!("all is as the configuration asks"),
        }
    }

    fn json(&self) -> Value {
        let certificate = |one: &CertificateState| {
            let domain =
                |(domain, status): &(String, String)| json!({ "domain": domain, "status": status });
            json!({
                "name": one.name,
                "status": one.status,
                "domains": one.domains.iter().map(domain).collect::<Vec<_>>(),
                "advice": one.advice(),
            })
        };
        let mut json = self.plan.to_json();
        json["name"] = json!(self.target.name());
        json["project"] = json!(self.target.client.project());
        json["is_there"] = json!(true);
        json["versions"] = versions::json(&self.versions);
        json["groups"] = json!(self.groups);
        json["certificates"] = self.certificates.iter().map(certificate).collect();
        json["address"] = json!(address(self.target.name(), &self.found));
        json["dns_records_to_set"] = json!(records_to_set(&self.target, &self.found));
        json["usd_per_hour"] = usd_per_hour(&self.cost);
        json["machine_types_without_price"] = json!(self.cost.unpriced);
        json["next"] = json!(self.next());
        json
    }

    /// The one thing to do, if something is missing.
    fn next(&self) -> Option<String> {
        if let Some(canary) = self.versions.iter().find(|version| version.is_canary) {
            let canary = &canary.template;
            return Some(format!(
                "{canary} is tried; flaskscale release --promote or --abort"
            ));
        }
        let changes = self.plan.steps.iter().filter(|step| step.acts()).count();
        if changes > 0 {
            return Some(format!("flaskscale deploy; resources to change: {changes}"));
        }
        if let Some(group) = self.groups.iter().find(|group| group.ready < group.size) {
            let name = &group.group;
            return Some(match (&group.shortage, group.troubles.last()) {
                (Some(shortage), _) => format!("wait; {name} is short of machines: {shortage}"),
                (None, Some(trouble)) => format!("wait; {name} could not start one: {trouble}"),
                (None, None) => "wait; if it lasts, look at the instances' logs".to_owned(),
            });
        }
        self.next_of_certificates()
    }

    fn next_of_certificates(&self) -> Option<String> {
        let mut pending = self.certificates.iter().filter(|one| !one.is_active());
        let certificate = pending.next()?;
        if let Some(advice) = certificate.advice().into_iter().next() {
            return Some(advice);
        }
        let records = records_to_set(&self.target, &self.found);
        let names = |record: &&String| {
            let mut domains = certificate.domains.iter();
            domains.any(|(domain, _)| record.starts_with(&format!("{domain}. ")))
        };
        Some(match records.iter().find(names) {
            Some(record) => format!("the certificate needs the DNS record {record}"),
            None => "wait for the certificate, then flaskscale deploy".to_owned(),
        })
    }
}
