//! Asking the cloud for the facts, side by side.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use gce::compute::Quota as WireQuota;
use gce::org_policy::OrgPolicy;
use gce::services::Service;
use gce::{Client, Error, Scope, name_of};

use super::{Account, Answer, Facts, Intent, Quota, Record, Region, needs, organisation};

impl Facts {
    /// Asks for everything that [`super::preflight`] wants to know.
    pub async fn read(client: &Client, intent: &Intent) -> Self {
        let (
            (project_active, organisation),
            billing,
            services,
            held,
            (regions, cpus),
            room,
            quotas,
            account_usable,
            secrets,
            records,
        ) = tokio::join!(
            project(client),
            billing(client),
            services(client, intent),
            held(client, intent),
            regions(client, intent),
            room(client, intent),
            quotas(client),
            account(client, intent),
            secrets(client, intent),
            records(client, intent),
        );
        Self {
            project_active,
            billing,
            services,
            held,
            regions,
            room,
            quotas,
            cpus,
            account_usable,
            secrets,
            organisation,
            records,
        }
    }
}

impl<T> Answer<T> {
    fn of(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => Self::Is(value),
            Err(error) if error.is_not_found() => Self::Missing,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// Whether the project is in use, and what its organisation says if it has one.
async fn project(client: &Client) -> (Answer<bool>, Answer<BTreeMap<String, OrgPolicy>>) {
    let project = match client.project_info().await {
        Ok(project) => project,
        Err(error) => return (Answer::of(Err(error)), Answer::Missing),
    };
    let policies = match &project.parent {
        Some(_) => Answer::of(organisation(client).await),
        None => Answer::Missing,
    };
    (Answer::Is(project.is_active()), policies)
}

async fn organisation(client: &Client) -> Result<BTreeMap<String, OrgPolicy>, Error> {
    let read = organisation::CONSTRAINTS
        .into_iter()
        .map(async |constraint| {
            let policy = client.effective_policy(constraint).await?;
            Ok((constraint.to_owned(), policy))
        });
    try_join_all(read).await.map(BTreeMap::from_iter)
}

async fn billing(client: &Client) -> Answer<bool> {
    let billing = client.billing_info().await;
    Answer::of(billing.map(|billing| billing.billing_enabled))
}

async fn services(client: &Client, intent: &Intent) -> Answer<BTreeMap<String, bool>> {
    let services = client.services(&needs::services(intent)).await;
    let state = |service: &Service| (service.host().to_owned(), service.is_enabled());
    Answer::of(services.map(|services| services.iter().map(state).collect()))
}

async fn held(client: &Client, intent: &Intent) -> Answer<BTreeSet<String>> {
    let needed = needs::permissions(intent);
    let names: Vec<&str> = needed.iter().map(|(permission, _)| *permission).collect();
    Answer::of(client.held_permissions(&names).await)
}

/// The regions, and the CPUs of the machine type in a zone of the first.
async fn regions(
    client: &Client,
    intent: &Intent,
) -> (BTreeMap<String, Answer<Region>>, Answer<u32>) {
    let read = join_all(intent.places.iter().map(async |place| {
        let region = client.region(&place.region).await;
        (place.region.clone(), region)
    }))
    .await;
    let zone = read.first().and_then(|(_, region)| {
        let region = region.as_ref().ok()?;
        Some(name_of(region.zones.first()?).to_owned())
    });
    let cpus = match zone {
        Some(zone) => cpus(client, zone, &intent.machine_type).await,
        None => Answer::Unknown("no zone of the region is known".to_owned()),
    };
    let shaped = |region: gce::compute::Region| Region {
        up: region.status.as_deref() != Some("DOWN"),
        quotas: region.quotas.iter().filter_map(quota).collect(),
    };
    let regions = read
        .into_iter()
        .map(|(name, region)| (name, Answer::of(region.map(shaped))));
    (regions.collect(), cpus)
}

async fn room(client: &Client, intent: &Intent) -> BTreeMap<String, Answer<u64>> {
    let read = intent.places.iter().map(async |place| {
        let subnetwork = client.subnetwork(&place.region, &intent.subnetwork).await;
        let room = match subnetwork.map(|subnetwork| subnetwork.room()) {
            Ok(Some(room)) => Answer::Is(room),
            Ok(None) => Answer::Unknown("its range is not IPv4".to_owned()),
            Err(error) => Answer::of(Err(error)),
        };
        (place.region.clone(), room)
    });
    join_all(read).await.into_iter().collect()
}

async fn cpus(client: &Client, zone: String, machine_type: &str) -> Answer<u32> {
    let machine = client
        .get_value(&Scope::Zone(zone), "machineTypes", machine_type)
        .await;
    Answer::of(machine.map(|machine| {
        let cpus = machine["guestCpus"].as_u64();
        cpus.and_then(|cpus| u32::try_from(cpus).ok())
            .unwrap_or_default()
    }))
}

async fn quotas(client: &Client) -> Answer<Vec<Quota>> {
    let project = client.compute_project().await;
    Answer::of(project.map(|project| project.quotas.iter().filter_map(quota).collect()))
}

fn quota(quota: &WireQuota) -> Option<Quota> {
    Some(Quota {
        metric: quota.metric.clone(),
        limit: quota.limit?,
        usage: quota.usage.unwrap_or_default(),
    })
}

async fn account(client: &Client, intent: &Intent) -> Answer<bool> {
    match &intent.account {
        Account::Own { .. } => Answer::Missing,
        Account::Named(email) => {
            let account = client.service_account(email).await;
            Answer::of(account.map(|account| !account.disabled))
        }
    }
}

async fn secrets(client: &Client, intent: &Intent) -> BTreeMap<(String, u64), Answer<bool>> {
    let read = intent.versions.iter().map(async |(name, number)| {
        let version = client.secret_version(name, *number).await;
        let is_enabled = version.map(|version| version.state.as_deref() == Some("ENABLED"));
        ((name.clone(), *number), Answer::of(is_enabled))
    });
    join_all(read).await.into_iter().collect()
}

async fn records(client: &Client, intent: &Intent) -> BTreeMap<String, Answer<Vec<Record>>> {
    let looks = intent.domains.iter();
    let looks = looks.map(async |domain| (domain.clone(), records_of(client, domain).await));
    join_all(looks).await.into_iter().collect()
}

async fn records_of(client: &Client, domain: &str) -> Answer<Vec<Record>> {
    let zone = match client.zone_of(domain).await {
        Ok(Some(zone)) => zone,
        Ok(None) => return Answer::Missing,
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    let sets = client.record_sets(&zone.name, domain).await;
    Answer::of(sets.map(|sets| {
        let records = sets.into_iter().flat_map(|set| {
            let kind = set.kind;
            set.rrdatas.into_iter().map(move |data| Record {
                kind: kind.clone(),
                data,
            })
        });
        records.collect()
    }))
}
