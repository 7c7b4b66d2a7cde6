//! `flaskscale status`: what is deployed, how it is, what it costs, and what to do next.

use std::process::ExitCode;

use control_plane::deployment::{
    Blueprint, CertificateState, Cost, GroupProgress, Inventory, Plan, Terms, plan, progress,
    removal,
};

use crate::{
    deploy::{File, Target, Wish, address, money},
    failure::Failure,
    logs,
};

/// The flags of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
}

/// Everything that is known of a deployment.
struct Status {
    target: Target,
    found: Inventory,
    blueprint: Blueprint,
    plan: Plan,
    groups: Vec<GroupProgress>,
    certificates: Vec<CertificateState>,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let target = args.file.open()?;
    let found = target.inventory().await?;
    println!(
        "{} in the project {}",
        target.name(),
        target.client.project()
    );
    if removal(&target.mark(), &found).is_empty() {
        println!("nothing of it is there; next: flaskscale deploy");
        return Ok(ExitCode::SUCCESS);
    }
    Status::of(target, found).await?.show();
    Ok(ExitCode::SUCCESS)
}

impl Status {
    async fn of(target: Target, found: Inventory) -> Result<Self, Failure> {
        let blueprint = target.blueprint(&found, &Wish::default()).await?;
        let plan = plan(&blueprint, &found, Terms::default());
        let since = target.client.server_now().unwrap_or_default();
        let groups = progress(&target.client, target.name(), since)
            .await
            .map_err(|error| Failure::broken_because("cannot look at the groups", &error))?;
        let certificates = found.certificates(&target.mark());
        Ok(Self {
            target,
            found,
            blueprint,
            plan,
            groups,
            certificates,
        })
    }

    /// `=` is as the configuration asks, `+` is missing, `~` differs, `-` is asked for no longer.
    fn show(&self) {
        print!("{}", self.plan);
        if let Some(version) = self.found.in_service(self.target.name()) {
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
        if let Some(address) = address(self.target.name(), &self.found) {
            println!("address {address}");
        }
        let cost = Cost::of(&self.target.mark(), &self.found);
        println!("costs {}, without traffic", money(&cost));
        println!("{}", self.next());
    }

    fn next(&self) -> String {
        let changes = self.plan.steps.iter().filter(|step| step.acts()).count();
        let is_serving = |group: &GroupProgress| group.ready >= group.size;
        let waiting = self.certificates.iter().find(|one| !one.is_active());
        let versions = self.found.versions(&self.target.mark());
        if let Some(canary) = versions.iter().find(|version| version.is_canary) {
            let canary = &canary.template;
            return format!("next: {canary} is tried; flaskscale release --promote or --abort");
        }
        if changes > 0 {
            return format!("next: flaskscale deploy; resources to change: {changes}");
        }
        if !self.groups.iter().all(is_serving) {
            return "next: wait; if it lasts, look at the instances' logs".to_owned();
        }
        match (
            waiting,
            self.found.address(&format!("{}-ip", self.blueprint.name)),
        ) {
            (Some(certificate), Some(ip)) => {
                let domain = certificate.domains.first();
                let domain = domain.map_or("", |(domain, _)| domain);
                format!("next: the certificate needs the DNS record {domain}. 300 IN A {ip}")
            }
            _ => "all is as the configuration asks".to_owned(),
        }
    }
}
