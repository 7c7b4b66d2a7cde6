//! `flaskscale deploy`: from a configuration to a public address, planned before it acts.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use control_plane::deployment::{
    Blueprint, CertificateState, Cost, Inventory, Kind, Plan, Terms, plan,
};
use serde_json::json;

use crate::{
    deploy::{
        Arrival, CarryOut, Consent, File, Findings, Pin, SavedPlan, Target, Wish, address, agreed,
        arrival, canary_first, carry_out, cost_change, first_request, locked, money,
        records_to_set, site_url, take, usd_per_hour,
    },
    failure::Failure,
    logs,
};

/// The flags of `deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A plan that --out has written: it is carried out if it still is what would be done
    #[arg(value_name = "PLAN", conflicts_with_all = ["image", "newest_os", "policy", "adopt", "out", "path"])]
    saved: Option<PathBuf>,
    #[command(flatten)]
    file: File,
    /// Show what would be done, and do nothing
    #[arg(long)]
    plan: bool,
    /// The plan for programs
    #[arg(long, requires = "plan")]
    json: bool,
    /// Write the plan to this new file too
    #[arg(long, value_name = "FILE", requires = "plan")]
    out: Option<PathBuf>,
    /// Do it without asking
    #[arg(long, conflicts_with = "plan")]
    yes: bool,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    times: Times,
    /// Seconds to wait for a domain's record and certificate once everything else is done; 0 does not wait
    #[arg(long, default_value_t = WAIT_S, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait: u64,
}

/// Most records are seen within a few minutes, and most certificates issued within some more.
const WAIT_S: u64 = 900;

/// What a plan may do beyond the usual.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Allowed {
    /// Set existing autoscalers to the configuration's policy, which otherwise belongs to its owner
    #[arg(long)]
    policy: bool,
    /// Take over what has the right name and is not of this deployment
    #[arg(long)]
    adopt: bool,
}

/// For a machine to boot, to fetch an image of some size and to start what is in it.
pub(super) const PATIENCE_S: u64 = 900;
/// One measurement of the load balancer's, at least.
const BAKE_S: u64 = 60;

/// How long a new version may take, and is watched.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Times {
    /// Seconds that instances may take to become healthy
    #[arg(long, default_value_t = PATIENCE_S, value_parser = clap::value_parser!(u64).range(1..=7200))]
    patience: u64,
    /// Seconds that a healthy version is watched: if visitors get more errors, or answers twice as late,
    /// it is taken back; 0 does not wait
    #[arg(long, default_value_t = BAKE_S, value_parser = clap::value_parser!(u64).range(0..=7200))]
    bake: u64,
}

impl Times {
    pub(super) fn patience(self) -> Duration {
        Duration::from_secs(self.patience)
    }

    pub(super) fn bake(self) -> Duration {
        Duration::from_secs(self.bake)
    }
}

/// A plan, and what it was made from.
struct Planned {
    target: Target,
    wish: Wish,
    terms: Terms,
    findings: Findings,
    found: Inventory,
    plan: Plan,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let planned = planned(&args).await?;
    let Planned { target, plan, .. } = &planned;
    if args.json {
        println!("{:#}", planned.json());
    } else {
        print!("{}", planned.text());
    }
    planned.check()?;
    if let Some(path) = &args.out {
        SavedPlan::new(target, &planned.wish, planned.terms, plan).write(path)?;
    }
    if args.plan {
        return Ok(ExitCode::SUCCESS);
    }
    if !plan.is_empty() && !args.yes && !agreed(CONSENT)? {
        println!("nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    let planned = if plan.enables_apis() {
        match planned.once_apis_are_on(args.yes).await? {
            Some(planned) => planned,
            None => return Ok(ExitCode::SUCCESS),
        }
    } else {
        planned
    };
    let times = args.times;
    let found = if planned.plan.is_empty() {
        planned.carry_out(&planned.plan, times).await?
    } else {
        let work = planned.carry_out_what_holds(times);
        locked(&planned.target, planned.plan.new_address(), work).await?
    };
    planned
        .await_domains(&found, Duration::from_secs(args.wait))
        .await?;
    Ok(ExitCode::SUCCESS)
}

const CONSENT: Consent<'_> = Consent {
    question: "Do this?",
    answer: "yes",
    flag: "--yes",
};

async fn planned(args: &Args) -> Result<Planned, Failure> {
    let saved = match &args.saved {
        Some(path) => Some((path, SavedPlan::read(path)?)),
        None => None,
    };
    let (target, wish, terms) = if let Some((path, saved)) = &saved {
        (saved.target(path)?, saved.wish(), saved.terms())
    } else {
        let Allowed { policy, adopt } = args.allowed;
        (
            args.file.open()?,
            args.wish.clone(),
            Terms { adopt, policy },
        )
    };
    let planned = Planned::of(target.building(&wish), wish, terms).await?;
    if let Some((_, saved)) = &saved {
        saved.check(&planned.plan)?;
    }
    Ok(planned)
}

impl Planned {
    async fn of(target: Target, wish: Wish, terms: Terms) -> Result<Self, Failure> {
        let (mut findings, found) = Box::pin(Findings::gather(&target)).await?;
        let versions = found.versions(&target.mark());
        if let Some(canary) = versions.iter().find(|version| version.is_canary) {
            return Err(canary_first(&canary.template));
        }
        let blueprint = target.blueprint(&found, &wish).await?;
        for finding in target.image_findings() {
            findings.add(finding);
        }
        let plan = plan(&blueprint, &found, terms);
        Ok(Self {
            target,
            wish,
            terms,
            findings,
            found,
            plan,
        })
    }

    /// Refuses what would fail.
    fn check(&self) -> Result<(), Failure> {
        let taken = self.plan.in_the_way.len();
        if taken > 0 {
            return Err(Failure::input(format!(
                "{taken} of the names are taken by what is not of this deployment"
            )));
        }
        let stops = self.findings.stops();
        if stops > 0 {
            return Err(Failure::input(format!(
                "{stops} of the findings would make it fail: nothing was done"
            )));
        }
        Ok(())
    }

    /// Enables the APIs and plans again, since an API that is off tells nothing of what there is. Where
    /// that makes another plan than the one that was agreed to, it is shown and asked for too; `None`
    /// where nobody agrees.
    async fn once_apis_are_on(self, is_agreed: bool) -> Result<Option<Self>, Failure> {
        let apis = self.plan.clone().limited_to(&[Kind::Api]);
        take(&apis, &self.target).await?;
        let agreed_to = self.plan;
        let now = Self::of(self.target, self.wish, self.terms).await?;
        if now.plan.is_within(&agreed_to) {
            return Ok(Some(now));
        }
        print!("with its APIs enabled, {}", now.text());
        now.check()?;
        if !is_agreed && !agreed(CONSENT)? {
            println!("nothing else was done");
            return Ok(None);
        }
        Ok(Some(now))
    }

    fn costs(&self) -> (Cost, Cost) {
        let mark = self.target.mark();
        let after = self.found.after(&self.plan);
        (Cost::of(&mark, &self.found), Cost::of(&mark, &after))
    }

    fn text(&self) -> String {
        let (before, after) = self.costs();
        let project = self.target.client.project();
        let name = self.target.name();
        let images = self.target.images();
        let summary = if self.plan.is_empty() {
            "nothing to do\n".to_owned()
        } else {
            let count = |sign: char| {
                let steps = self.plan.steps.iter();
                steps.filter(|step| step.sign() == sign).count()
            };
            format!(
                "{} to create, {} to change, {} to make anew, {} to delete, {} stay\n",
                count('+'),
                count('~'),
                count('±'),
                count('-'),
                count('=')
            )
        };
        format!(
            "{name} in the project {project}\n{}{images}{}{summary}{}",
            self.findings,
            self.plan,
            cost_change(&before, &after)
        )
    }

    fn json(&self) -> serde_json::Value {
        let (before, after) = self.costs();
        let mut json = self.plan.to_json();
        json["name"] = json!(self.target.name());
        json["project"] = json!(self.target.client.project());
        json["image"] = json!(self.target.pinned().map(Pin::image));
        json["findings"] = self.findings.json();
        json["usd_per_hour"] = json!({
            "before": usd_per_hour(&before),
            "after": usd_per_hour(&after),
        });
        json
    }

    /// Carries out what is left of the plan, now that nobody else changes anything: the lock may have made
    /// the address since, and a command that was killed may have had a step under way.
    async fn carry_out_what_holds(&self, times: Times) -> Result<Inventory, Failure> {
        let found = self.target.inventory().await?;
        let blueprint = self.target.blueprint(&found, &self.wish).await?;
        let now = plan(&blueprint, &found, self.terms);
        if !now.is_within(&self.plan) {
            return Err(Failure::input(
                "what is there has changed since this plan was made: nothing was done, plan again",
            ));
        }
        self.carry_out(&now, times).await
    }

    /// Gives what there is then.
    async fn carry_out(&self, plan: &Plan, times: Times) -> Result<Inventory, Failure> {
        let how = CarryOut {
            target: &self.target,
            found: &self.found,
            patience: times.patience(),
            bake: Some(times.bake()),
        };
        carry_out(plan, how).await?;
        let found = self.follow_up().await?;
        let reached = first_request(&self.target).await?;
        println!(
            "{} answers {} ({:.1} s)",
            reached.url,
            reached.status,
            reached.took.as_secs_f64()
        );
        self.say_what_is_next(&found);
        Ok(found)
    }

    /// Waits until the domains lead here and have their certificates, while everybody else may go on with
    /// the deployment; what is possible only then is done under the lock again.
    async fn await_domains(&self, found: &Inventory, patience: Duration) -> Result<(), Failure> {
        let certificates = found.certificates(&self.target.mark());
        let has_all =
            !certificates.is_empty() && certificates.iter().all(CertificateState::is_active);
        if self.target.configuration.site.domain.is_none() || has_all {
            return Ok(());
        }
        match arrival(&self.target, found, patience).await {
            Arrival::Here => {
                let (found, left) = self.left().await?;
                if !left.is_empty() {
                    locked(&self.target, None, take(&left, &self.target)).await?;
                }
                if let Some(url) = site_url(&self.target, &found) {
                    println!("site {url}");
                }
            }
            Arrival::Missing(what) => {
                println!("not yet: {what}; the next deploy goes on from here");
            }
            Arrival::Refused(advice) => println!("next: {advice}"),
        }
        Ok(())
    }

    /// What was possible only once the first steps were done. Gives what there is then.
    async fn follow_up(&self) -> Result<Inventory, Failure> {
        let (found, left) = self.left().await?;
        if left.is_empty() {
            return Ok(found);
        }
        take(&left, &self.target).await?;
        self.target.inventory().await
    }

    /// What is there, and what can be done only now: HTTP leads to HTTPS as soon as there is a certificate.
    async fn left(&self) -> Result<(Inventory, Plan), Failure> {
        let (found, blueprint) = self.now().await?;
        let front = [
            Kind::Certificate,
            Kind::UrlMap,
            Kind::Proxy,
            Kind::SecureProxy,
        ];
        let left = plan(&blueprint, &found, self.terms).limited_to(&front);
        Ok((found, left))
    }

    async fn now(&self) -> Result<(Inventory, Blueprint), Failure> {
        let found = self.target.inventory().await?;
        // The version is the one that was just deployed; a flag for the newest system has been obeyed.
        let wish = Wish {
            newest_os: false,
            ..self.wish.clone()
        };
        let blueprint = self.target.blueprint(&found, &wish).await?;
        Ok((found, blueprint))
    }

    fn say_what_is_next(&self, found: &Inventory) {
        let name = self.target.name();
        if let Some(address) = address(name, found) {
            println!("address {address}");
        }
        for record in records_to_set(&self.target, found) {
            println!("DNS record to set: {record}");
        }
        let cost = Cost::of(&self.target.mark(), found);
        println!("costs {}, without traffic", money(&cost));
    }
}
