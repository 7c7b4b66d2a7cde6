//! Organization Policy v2: what the organisation of the project lets it do. Those policies can be made
//! that a deployment looks at; the two that are obeyed here say so.

use serde_json::{Value, json};

use super::{
    Asked,
    asked::Api,
    engine::{self, Behaviour, Body, Id, Row},
    not_emulated, numbered,
};
use crate::{
    api::Cloud,
    compute::{
        call::Call,
        change::Change,
        schema::{flag, list, object},
    },
    error::ApiError,
    resource::{Key, Kind, Resource, Scope},
};

/// Nobody makes a service account in the project. Obeyed.
pub(crate) const NO_ACCOUNTS: &str = "iam.disableServiceAccountCreation";
/// Which kinds of load balancers may be made. Obeyed.
pub(crate) const BALANCERS: &str = "compute.restrictLoadBalancerCreationForTypes";

/// The constraints by which an organisation gets in the way of a deployment.
const CONSTRAINTS: [&str; 8] = [
    BALANCERS,
    "compute.disableGlobalLoadBalancing",
    "compute.trustedImageProjects",
    "compute.vmExternalIpAccess",
    "gcp.resourceLocations",
    "gcp.restrictServiceUsage",
    NO_ACCOUNTS,
    "iam.allowedPolicyMemberDomains",
];

const ROW: Row = Row {
    api: Api::OrgPolicy,
    kind: Kind::OrgPolicy,
    rpc: ("google.cloud.orgpolicy.v2.OrgPolicy", "Policy"),
    items: "policies",
    id: Id::Body("name"),
    inside: None,
    fields: &[
        object("spec"),
        list("spec/rules"),
        flag("spec/inheritFromParent"),
        flag("spec/reset"),
    ],
    required: &["spec"],
    immutable: &[],
    output_only: &[],
    times: (None, None),
    has_etag: true,
    is_long: false,
    behaviour: &Policies,
};

struct Policies;

impl Behaviour for Policies {
    fn name(&self, _project: &str, id: &str) -> Result<String, ApiError> {
        let constraint = id.rsplit('/').next().unwrap_or_default();
        if CONSTRAINTS.contains(&constraint) {
            return Ok(constraint.to_owned());
        }
        let why = format!(
            "The constraints of this cloud are {}.",
            CONSTRAINTS.join(", ")
        );
        Err(ApiError::invalid("policy.name", id, &why))
    }

    fn exists(&self, _path: &str) -> ApiError {
        ApiError::exists("Requested entity already exists")
    }

    fn check(
        &self,
        _change: &mut Change<'_, '_>,
        _key: &Key,
        _old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        let rules = body.get("spec").and_then(|spec| spec["rules"].as_array());
        for rule in rules.into_iter().flatten() {
            let kinds = ["enforce", "allowAll", "denyAll", "values"];
            let given = kinds.iter().filter(|kind| rule.get(**kind).is_some());
            if given.count() != 1 {
                let message = "A rule has exactly one of enforce, allowAll, denyAll and values.";
                return Err(ApiError::bad_request(message));
            }
        }
        Ok(())
    }

    fn view(&self, project: &str, policy: &Resource) -> Value {
        let mut body = policy.body.clone();
        body.insert("name".into(), json!(numbered(&policy.key.path(project))));
        Value::Object(body)
    }
}

fn key(constraint: &str) -> Key {
    Key::global(Kind::OrgPolicy, constraint)
}

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    if asked.verb != "getEffectivePolicy" {
        return engine::answer(cloud, &ROW, Scope::Global, asked, call).await;
    }
    let [_, constraint] = &asked.names[..] else {
        return Err(not_emulated(asked));
    };
    let project = cloud.store().project();
    let key = key(&Policies.name(project, constraint)?);
    // Where nobody has said anything, the constraint's own default is in force: all is allowed.
    Ok(match cloud.store().get(&key) {
        Some(policy) => Policies.view(project, &policy),
        None => json!({ "name": numbered(&key.path(project)), "spec": {} }),
    })
}

/// Whether the project belongs to an organisation: as soon as there is a policy of one.
pub(super) fn is_organised(cloud: &Cloud) -> bool {
    !cloud.store().list(Kind::OrgPolicy, None).is_empty()
}

/// Refuses what the policy of a constraint that is on or off forbids.
pub(crate) fn refuse_if_enforced(
    change: &Change<'_, '_>,
    constraint: &str,
) -> Result<(), ApiError> {
    let is_on = |rule: &Value| rule["enforce"] == json!(true);
    if rules(change, constraint).iter().any(is_on) {
        return Err(violates(change, constraint));
    }
    Ok(())
}

/// Refuses a value that the policy of a constraint forbids.
pub(crate) fn refuse_value(
    change: &Change<'_, '_>,
    constraint: &str,
    value: &str,
) -> Result<(), ApiError> {
    let holds = |list: &Value| {
        let mut items = list.as_array().into_iter().flatten();
        items.any(|item| item == value)
    };
    let forbids = |rule: &Value| {
        let values = &rule["values"];
        let is_left_out = values["allowedValues"].is_array() && !holds(&values["allowedValues"]);
        rule["denyAll"] == json!(true) || holds(&values["deniedValues"]) || is_left_out
    };
    if rules(change, constraint).iter().any(forbids) {
        return Err(violates(change, constraint));
    }
    Ok(())
}

fn rules(change: &Change<'_, '_>, constraint: &str) -> Vec<Value> {
    let policy = change.tx.get(&key(constraint));
    let rules = policy.and_then(|policy| policy.field("spec/rules")?.as_array().cloned());
    rules.unwrap_or_default()
}

fn violates(change: &Change<'_, '_>, constraint: &str) -> ApiError {
    let project = change.project;
    ApiError::failed_precondition(format!(
        "Constraint constraints/{constraint} violated for projects/{project}."
    ))
}
