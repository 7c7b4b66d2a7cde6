//! What a policy is tried on.

use std::{env, fs, path::Path};

use autoscaler::{
    Policy,
    backtest::{Model, Trace, burst, price_per_hour, priced_machine_types, read_csv},
};
use control_plane::{ControlPlane, Fleet, Group};

use super::{
    Args,
    input::{self, Candidate},
};
use crate::{
    cloud::{self, CloudChoice, Connection, Found},
    failure::{Failure, chain},
};

/// A load, what is assumed about instances, and the policy to compare with.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The group, or the table.
    pub(super) name: String,
    pub(super) current: Option<Policy>,
    pub(super) trace: Trace,
    pub(super) model: Model,
    pub(super) machine_type: String,
    pub(super) boot_measured: bool,
    /// What could not be read and is assumed instead.
    pub(super) missing: Vec<String>,
}

impl Subject {
    pub(super) async fn find(args: &Args, candidates: &[Candidate]) -> Result<Self, Failure> {
        let mut subject = match &args.group {
            Some(group) => of_group(group, args, candidates).await?,
            None => nothing(),
        };
        if let Some(path) = &args.current {
            subject.current = Some(input::candidate(path)?.policy);
        }
        if let Some(path) = &args.csv {
            subject.name = path.display().to_string();
            subject.trace = Trace {
                zones: subject.trace.zones,
                ..table(path)?
            };
        }
        subject.know_zones(candidates);
        subject.told(args)
    }

    /// Schedules need the changes of their time zones, also those of policies that nobody applied yet.
    fn know_zones(&mut self, candidates: &[Candidate]) {
        let policies = candidates.iter().map(|candidate| &candidate.policy);
        let schedules = policies
            .chain(&self.current)
            .flat_map(|policy| policy.schedules.values());
        for schedule in schedules {
            let (name, zones) = (&schedule.time_zone, &mut self.trace.zones);
            if zones.get(name).is_none()
                && let Some(table) = zones::table(name, self.trace.start)
            {
                zones.insert(name, table);
            }
        }
    }

    /// What the flags say goes before what was found.
    fn told(mut self, args: &Args) -> Result<Self, Failure> {
        if let Some(machine_type) = &args.machine_type {
            self.model.price_per_hour =
                price_per_hour(machine_type).ok_or_else(|| unpriced(machine_type))?;
            self.model.burst = burst(machine_type);
            self.machine_type.clone_from(machine_type);
        }
        self.model.price_per_hour = args.price.unwrap_or(self.model.price_per_hour);
        self.model.boot_s = args.boot.unwrap_or(self.model.boot_s);
        self.model.initialization_s = args.initialization.unwrap_or(self.model.initialization_s);
        Ok(self)
    }
}

fn unpriced(machine_type: &str) -> Failure {
    let known: Vec<&str> = priced_machine_types().collect();
    Failure::input(format!(
        "--machine-type {machine_type}: its price is not known; use one of {}, or give --price",
        known.join(", ")
    ))
}

/// A subject of which everything is still to be told.
fn nothing() -> Subject {
    Subject {
        name: String::new(),
        current: None,
        trace: Trace::default(),
        model: Model::default(),
        machine_type: String::new(),
        boot_measured: false,
        missing: Vec::new(),
    }
}

fn table(path: &Path) -> Result<Trace, Failure> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::input_because(name.clone(), &error))?;
    read_csv(&text).map_err(|fault| Failure::input_because(name, &fault))
}

async fn of_group(name: &str, args: &Args, candidates: &[Candidate]) -> Result<Subject, Failure> {
    let control = cloud().await?;
    let fleet = control.fleet().await;
    let group = chosen(&fleet, name, args.zone.as_deref())?;
    let policies: Vec<Policy> = candidates
        .iter()
        .map(|candidate| candidate.policy.clone())
        .collect();
    let recording = control.recording(&group.id, args.days, &policies).await;
    let recording = recording.map_err(|error| Failure::input(chain(&error)))?;
    Ok(Subject {
        name: group.id.to_string(),
        current: group
            .autoscaler
            .as_ref()
            .map(|autoscaler| autoscaler.policy.clone()),
        trace: recording.trace,
        model: recording.model,
        machine_type: recording.machine_type,
        boot_measured: recording.boot_measured,
        missing: recording.missing,
    })
}

/// The emulator of FLASKSCALE_API, or Google with the credentials of this machine or user.
async fn cloud() -> Result<ControlPlane, Failure> {
    let project = env::var("GOOGLE_CLOUD_PROJECT").is_ok_and(|project| !project.is_empty());
    let connection = match CloudChoice::Auto.find(false).await? {
        Found::Local(url) => Connection::local(&url, cloud::local_speed(&url).await)?,
        Found::Nothing | Found::Embedded if !project => {
            return Err(Failure::input(
                "there is no cloud: set FLASKSCALE_API to the URL of a local one, or \
                 GOOGLE_CLOUD_PROJECT to a project at Google",
            ));
        }
        Found::Google | Found::Nothing | Found::Embedded => Connection::google().await?,
    };
    let Connection {
        control, no_cloud, ..
    } = connection;
    control.ok_or_else(|| Failure::input(no_cloud))
}

fn chosen<'a>(fleet: &'a Fleet, name: &str, zone: Option<&str>) -> Result<&'a Group, Failure> {
    let fits = |group: &&Group| {
        group.id.name == name && zone.is_none_or(|zone| group.id.location.name() == zone)
    };
    let found: Vec<&Group> = fleet.groups.iter().filter(fits).collect();
    match found[..] {
        [group] => Ok(group),
        [] => Err(missing(fleet, name, zone)),
        [..] => {
            let places: Vec<&str> = found.iter().map(|group| group.id.location.name()).collect();
            Err(Failure::input(format!(
                "--group {name}: there is one in each of {}; choose with --zone",
                places.join(", ")
            )))
        }
    }
}

fn missing(fleet: &Fleet, name: &str, zone: Option<&str>) -> Failure {
    if fleet.groups.is_empty()
        && let Some(problem) = fleet.problems.first()
    {
        return Failure::input(format!(
            "{} cannot be read: {}",
            problem.source, problem.message
        ));
    }
    let known: Vec<String> = fleet
        .groups
        .iter()
        .map(|group| group.id.to_string())
        .collect();
    let place = zone.map(|zone| format!(" in {zone}")).unwrap_or_default();
    Failure::input(format!(
        "--group {name}: there is no such group{place}; there are: {}",
        known.join(", ")
    ))
}
