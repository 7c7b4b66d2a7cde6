//! What the organisation of the project does not let it do.

use gce::org_policy::OrgPolicy;

use super::{Account, Answer, Facts, Finding, Intent, needs};

/// The constraints that can be in the way.
pub(super) const CONSTRAINTS: [&str; 8] = [
    ADDRESSES, IMAGES, BALANCERS, GLOBAL, ACCOUNTS, LOCATIONS, SERVICES, MEMBERS,
];

const ADDRESSES: &str = "compute.vmExternalIpAccess";
const IMAGES: &str = "compute.trustedImageProjects";
const BALANCERS: &str = "compute.restrictLoadBalancerCreationForTypes";
const GLOBAL: &str = "compute.disableGlobalLoadBalancing";
const ACCOUNTS: &str = "iam.disableServiceAccountCreation";
const LOCATIONS: &str = "gcp.resourceLocations";
const SERVICES: &str = "gcp.restrictServiceUsage";
const MEMBERS: &str = "iam.allowedPolicyMemberDomains";

/// What Google calls the load balancer of a deployment.
const BALANCER: &str = "GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS";

pub(super) fn check(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let policies = match &facts.organisation {
        Answer::Is(policies) => policies,
        // Without an organisation there are no policies of one.
        Answer::Missing => return Vec::new(),
        Answer::Unknown(why) => {
            let project = &intent.project;
            return vec![Finding::notes(format!(
                "Whether a policy of the organisation refuses something cannot be told: enable \
                 orgpolicy.googleapis.com in the project '{project}' and ask for the role \
                 roles/orgpolicy.policyViewer, or go on (Google says: {why})."
            ))];
        }
    };
    let of = |(constraint, policy): (&String, &OrgPolicy)| refusal(constraint, policy, intent);
    policies.iter().filter_map(of).collect()
}

fn refusal(constraint: &str, policy: &OrgPolicy, intent: &Intent) -> Option<Finding> {
    let says = format!("The organisation's policy {constraint}");
    let exception = "ask whoever looks after the organisation for an exception";
    let text = match constraint {
        // It lists instances by their names, which those of a group get later.
        ADDRESSES if intent.external_ip && policy.denies("an instance to come") => format!(
            "{says} lets instances have no external address: set machine.external_ip = false, with Cloud \
             NAT in the network for what they fetch, or {exception}."
        ),
        IMAGES if policy.denies(&format!("projects/{}", intent.boot_project)) => format!(
            "{says} does not trust the images of '{}': name one that it trusts in machine.boot_image, or \
             {exception}.",
            intent.boot_project
        ),
        BALANCERS if policy.denies(BALANCER) => {
            format!("{says} forbids load balancers of the kind {BALANCER}: {exception}.")
        }
        GLOBAL if policy.is_enforced() => {
            format!("{says} forbids global load balancers: {exception}.")
        }
        ACCOUNTS if policy.is_enforced() && matches!(intent.account, Account::Own { .. }) => {
            format!(
                "{says} lets nobody make service accounts: name one that is there in \
             machine.service_account, or {exception}."
            )
        }
        LOCATIONS => {
            let mut places = intent.places.iter();
            let place = places.find(|place| policy.denies(&place.region))?;
            format!(
                "{says} allows nothing in '{}': name another region in regions, or {exception}.",
                place.region
            )
        }
        SERVICES => {
            let needed = needs::services(intent);
            let service = needed.into_iter().find(|service| policy.denies(service))?;
            format!("{says} forbids the API {service}: {exception}.")
        }
        MEMBERS if intent.iap && !policy.spec.rules.is_empty() => {
            return Some(Finding::warns(format!(
                "{says} says from which organisations people may be let in: those of site.iap_members \
                 from others are refused."
            )));
        }
        _ => return None,
    };
    Some(Finding::stops(text))
}
