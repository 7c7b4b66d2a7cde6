//! Whether the project may have as much as the policy's maximum can come to.

use super::{Answer, Facts, Finding, Intent, Place, Quota, Region};

pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let cpus = match &facts.cpus {
        Answer::Is(cpus) => Some(*cpus),
        Answer::Missing => {
            findings.push(Finding::stops(format!(
                "There is no machine type '{}' there: choose one of `gcloud compute machine-types \
                 list --project {}`.",
                intent.machine_type, intent.project
            )));
            None
        }
        Answer::Unknown(_) => None,
    };
    for place in &intent.places {
        findings.extend(region(intent, facts, place, cpus));
    }
    if let (Answer::Is(quotas), Some(cpus)) = (&facts.quotas, cpus) {
        let coming: u32 = intent.places.iter().map(Place::coming).sum();
        let need = Need {
            metric: "CPUS_ALL_REGIONS".into(),
            each: f64::from(cpus),
            coming,
        };
        findings.extend(need.check(quotas, "the project", intent));
    }
    findings
}

fn region(intent: &Intent, facts: &Facts, place: &Place, cpus: Option<u32>) -> Vec<Finding> {
    let (name, project) = (&place.region, &intent.project);
    let region = match facts.regions.get(name) {
        Some(Answer::Is(region)) => region,
        None | Some(Answer::Missing) => {
            return vec![Finding::stops(format!(
                "There is no region '{name}': choose one of `gcloud compute regions list --project \
                 {project}`."
            ))];
        }
        Some(Answer::Unknown(why)) => {
            return vec![Finding::notes(format!(
                "The quotas of {name} cannot be told: look at \
                 https://console.cloud.google.com/iam-admin/quotas?project={project} (Google says: {why})."
            ))];
        }
    };
    let mut findings = Vec::new();
    if !region.up {
        findings.push(Finding::warns(format!(
            "The region {name} is down: wait, or choose another one."
        )));
    }
    findings.extend(shortages(intent, place, region, cpus));
    findings
}

fn shortages(intent: &Intent, place: &Place, region: &Region, cpus: Option<u32>) -> Vec<Finding> {
    let mut needs = vec![
        ("INSTANCES".to_owned(), 1.0),
        ("SSD_TOTAL_GB".to_owned(), f64::from(intent.disk_gb)),
    ];
    if intent.external_ip {
        needs.push(("IN_USE_ADDRESSES".to_owned(), 1.0));
    }
    if let Some(cpus) = cpus {
        needs.push((cpu_metric(&intent.machine_type), f64::from(cpus)));
    }
    let shortage = |(metric, each)| {
        let coming = place.coming();
        let need = Need {
            metric,
            each,
            coming,
        };
        need.check(&region.quotas, &place.region, intent)
    };
    needs.into_iter().filter_map(shortage).collect()
}

/// The quota that a machine type's CPUs count to: older families share one.
fn cpu_metric(machine_type: &str) -> String {
    let family = machine_type.split('-').next().unwrap_or_default();
    match family {
        "e2" | "f1" | "g1" | "n1" => "CPUS".to_owned(),
        family => format!("{}_CPUS", family.to_uppercase()),
    }
}

/// So much for each instance that is to come.
struct Need {
    metric: String,
    each: f64,
    coming: u32,
}

impl Need {
    /// A quota that Google does not list is not a quota of zero.
    fn check(&self, quotas: &[Quota], place: &str, intent: &Intent) -> Option<Finding> {
        let quota = quotas.iter().find(|quota| quota.metric == self.metric)?;
        let (need, left) = (
            self.each * f64::from(self.coming),
            quota.limit - quota.usage,
        );
        // A project over its quota can keep what it has.
        if need <= 0.0 || need <= left {
            return None;
        }
        let fit = (left / self.each).max(0.0).floor();
        Some(Finding::stops(format!(
            "The quota {} of {place} is {}, of which {} are used, and {} instances more need {need}: \
             raise it at https://console.cloud.google.com/iam-admin/quotas?project={}, or lower the \
             maximum so that at most {fit} instances are added.",
            self.metric, quota.limit, quota.usage, self.coming, intent.project
        )))
    }
}
