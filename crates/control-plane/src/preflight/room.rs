//! Whether the subnetworks have addresses for the policy's maximum.

use super::{Answer, Facts, Finding, Intent, Place};

pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    // Of a region that is not there, or keeps itself to itself, the quotas tell.
    let is_known = |place: &&Place| matches!(facts.regions.get(&place.region), Some(Answer::Is(_)));
    let places = intent.places.iter().filter(is_known);
    places
        .filter_map(|place| shortage(intent, facts, place))
        .collect()
}

fn shortage(intent: &Intent, facts: &Facts, place: &Place) -> Option<Finding> {
    let (name, region, project) = (&intent.subnetwork, &place.region, &intent.project);
    let coming = u64::from(place.coming());
    match facts.room.get(region)? {
        Answer::Is(free) if coming > *free => Some(Finding::stops(format!(
            "The subnetwork '{name}' of {region} has {free} free addresses, and {coming} instances more \
             need one each: widen it with `gcloud compute networks subnets expand-ip-range {name} --region \
             {region} --project {project}`, name another one in machine.subnetwork, or lower the maximum \
             so that at most {free} instances are added."
        ))),
        Answer::Is(_) => None,
        Answer::Missing => Some(Finding::stops(format!(
            "There is no subnetwork '{name}' in {region}: name one of `gcloud compute networks subnets list \
             --project {project}` in machine.subnetwork, and its network in machine.network."
        ))),
        Answer::Unknown(why) => Some(Finding::notes(format!(
            "Whether the subnetwork '{name}' of {region} has addresses for {coming} instances cannot be \
             told (Google says: {why})."
        ))),
    }
}
