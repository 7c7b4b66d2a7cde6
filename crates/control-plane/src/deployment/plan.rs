use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::beside::secrets::fills;
use super::changes::changes;
use super::drain::drained;
use super::mark::LABEL;
use super::matches::matches;
use super::order::{order, references};
use super::part::{Part, Upkeep};
use super::{Act, Blueprint, Id, Inventory, Kind, Mark, Step};
use crate::FieldChange;

/// What its owner allows a plan to do beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Take over what has the right name and not our mark.
    pub adopt: bool,
    /// Set existing autoscalers to the blueprint's policy, which otherwise is for new ones.
    pub policy: bool,
}

/// What has to be done, and what was found on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// One for each resource, those that are kept included.
    pub steps: Vec<Step>,
    /// What an owner has changed, and keeps.
    pub drift: Vec<Drift>,
    /// What bears a name that is needed, and is not ours.
    pub in_the_way: Vec<Id>,
    /// Kinds that the caller may not see: what there is of them is not in the plan.
    pub hidden: Vec<Kind>,
}

/// How an owner's policy differs from the blueprint's, or which places the owner has drained.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The autoscaler, or the backend service.
    pub id: Id,
    /// From what is in force to what the blueprint says.
    pub changes: Vec<FieldChange>,
}

/// The fields of a group that say what its instances are made from.
const OF_A_VERSION: [&str; 3] = ["versions", "instanceTemplate", "fingerprint"];

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(Step::acts)
    }

    /// The same plan with the steps of these kinds only; the others are left for later.
    #[must_use]
    pub fn limited_to(self, kinds: &[Kind]) -> Self {
        self.only(|kind| kinds.contains(&kind))
    }

    /// The same plan without the steps of these kinds: they are done.
    #[must_use]
    pub fn beyond(self, kinds: &[Kind]) -> Self {
        self.only(|kind| !kinds.contains(&kind))
    }

    fn only(mut self, is_wanted: impl Fn(Kind) -> bool) -> Self {
        for step in &mut self.steps {
            if !is_wanted(step.id.kind) {
                *step = Step::new(step.id.clone(), Act::Keep);
            }
        }
        self
    }

    /// Whether it makes a version that there was not.
    pub fn makes_version(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| step.id.kind == Kind::Template && matches!(step.act, Act::Create(_)))
    }

    /// Whether it does nothing that a plan which somebody has agreed to does not do: the same, or the rest
    /// of it after a part was done. Labels of an address may differ, since a lock changes them.
    pub fn is_within(&self, agreed: &Self) -> bool {
        let is_same = |one: &Step, other: &Step| {
            let is_labelled = one.id.kind == Kind::Address && one.sign() == other.sign();
            one.id == other.id && (one.act == other.act || is_labelled)
        };
        let mut acting = self.steps.iter().filter(|step| step.acts());
        acting.all(|step| agreed.steps.iter().any(|other| is_same(step, other)))
    }

    /// The body of the address that it would make.
    pub fn new_address(&self) -> Option<&Value> {
        let mut addresses = self
            .steps
            .iter()
            .filter(|step| step.id.kind == Kind::Address);
        addresses.find_map(|step| match &step.act {
            Act::Create(body) => Some(body),
            _ => None,
        })
    }

    /// The secrets for which somebody has to say what they shall hold.
    pub fn secrets_to_fill(&self) -> impl Iterator<Item = &str> {
        let filling = self.steps.iter().filter(|step| fills(step));
        filling.map(|step| step.id.name.as_str())
    }

    /// Whether some API is enabled before anything else. What can only be told by that API is not in
    /// this plan: make another one afterwards.
    pub fn enables_apis(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| step.id.kind == Kind::Api && step.acts())
    }

    /// The same plan with nothing but its version: a new template, and groups that exist made to use it.
    /// What else the configuration changes of a group is left for later too, such as its ports, of which
    /// the instances that run do not know.
    #[must_use]
    pub fn version_only(mut self) -> Self {
        for step in &mut self.steps {
            match (step.id.kind, &mut step.act) {
                (Kind::Template, Act::Create(_)) => {}
                (Kind::Group, Act::Update(Value::Object(patch)))
                    if patch.contains_key("versions") =>
                {
                    patch.retain(|field, _| OF_A_VERSION.contains(&field.as_str()));
                    step.changes.retain(|change| {
                        OF_A_VERSION
                            .iter()
                            .any(|field| change.field.starts_with(field))
                    });
                }
                _ => *step = Step::new(step.id.clone(), Act::Keep),
            }
        }
        self
    }

    /// Everything about it, for programs and files.
    pub fn to_json(&self) -> Value {
        let drift = self
            .drift
            .iter()
            .map(|drift| json!({ "resource": drift.id.to_string(), "changes": drift.changes }));
        json!({
            "steps": self.steps.iter().map(Step::to_json).collect::<Vec<_>>(),
            "drift": drift.collect::<Vec<_>>(),
            "hidden": self.hidden.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "in_the_way": self.in_the_way.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

/// What has to be done so that everything in the blueprint exists as it states: nothing, if it does.
///
/// Steps come in the order in which one thing needs another. What bears the blueprint's mark and is
/// not in it any more is deleted; former templates stay, since a rollback needs them.
pub fn plan(blueprint: &Blueprint, found: &Inventory, terms: Terms) -> Plan {
    let parts = blueprint.parts(found);
    let mut plan = Plan::default();
    for part in &parts {
        match found.get(&part.id) {
            // Where a domain leads is told by the findings; the site can be reached without it.
            Some(actual)
                if part.id.kind == Kind::Record
                    && !is_ours(blueprint, part, actual)
                    && !terms.adopt => {}
            Some(actual) if !is_ours(blueprint, part, actual) && !terms.adopt => {
                plan.in_the_way.push(part.id.clone());
            }
            Some(actual) => plan.steps.push(update(part, actual, blueprint, terms)),
            None => plan.steps.push(create(part, blueprint, found)),
        }
        plan.drift.extend(drift(blueprint, part, found, terms));
    }
    if let Some(mark) = &blueprint.mark {
        plan.steps.extend(leftovers(mark, &parts, found));
    }
    let is_needed = |kind: &Kind| parts.iter().any(|part| part.id.kind == *kind);
    plan.hidden = found.hidden().filter(is_needed).collect();
    order(&mut plan.steps, found);
    plan
}

/// What has to be done so that nothing with this mark exists any more.
pub fn removal(mark: &Mark, found: &Inventory) -> Plan {
    let all = found.marked(mark).map(|(id, _)| id.clone());
    let mut steps: Vec<Step> = all.map(|id| Step::new(id, Act::Delete)).collect();
    // In reverse: what is named last was needed first.
    steps.reverse();
    order(&mut steps, found);
    lock_last(&mut steps);
    Plan {
        steps,
        hidden: found.hidden().collect(),
        ..Plan::default()
    }
}

/// The address holds the lock, and goes when nothing else is left to be guarded.
fn lock_last(steps: &mut [Step]) {
    let is_lock = |step: &Step| step.id.kind == Kind::Address;
    let others: Vec<usize> = (0..steps.len())
        .filter(|at| !is_lock(&steps[*at]))
        .collect();
    for step in steps.iter_mut().filter(|step| is_lock(step)) {
        step.needs.clone_from(&others);
    }
}

fn is_ours(blueprint: &Blueprint, part: &Part, actual: &Value) -> bool {
    let Part { id, .. } = part;
    let is_marked = |mark: &Mark| mark.is_on(id.kind, actual);
    blueprint.mark.as_ref().is_none_or(is_marked) || id.kind.is_named_by_content()
}

fn create(part: &Part, blueprint: &Blueprint, found: &Inventory) -> Step {
    let mut step = Step::new(part.id.clone(), Act::Create(part.body.clone()));
    if part.id.kind == Kind::Template
        && let Some(before) = found.in_service(&blueprint.name)
        && let Some(body) = found.template(&before.template)
    {
        step.changes = changes(&part.body["properties"], &body["properties"]);
        step.why = Some(format!(
            "a template never changes: it takes the place of {}",
            before.template
        ));
    }
    step
}

/// What an existing resource needs to be as stated.
fn update(part: &Part, actual: &Value, blueprint: &Blueprint, terms: Terms) -> Step {
    let mut patch = differing(part, actual);
    if part.id.kind == Kind::Autoscaler && terms.policy {
        let policy = fields(
            &part.body["autoscalingPolicy"],
            &actual["autoscalingPolicy"],
        );
        if !policy.is_empty() {
            patch.insert("autoscalingPolicy".to_owned(), Value::Object(policy));
        }
    }
    if !is_ours(blueprint, part, actual) {
        if part.id.kind.has_labels() {
            return label(part, blueprint, actual);
        }
        patch.insert("description".to_owned(), part.body["description"].clone());
    }
    if patch.is_empty() {
        return Step::new(part.id.clone(), Act::Keep);
    }
    let told = changes(&Value::Object(patch.clone()), actual);
    let mut step = if let Some(field) = anew(part, &patch) {
        let mut step = Step::new(part.id.clone(), Act::Replace(part.body.clone()));
        step.why = Some(format!("its {field} cannot be changed"));
        step
    } else {
        // With it, Google refuses the change if somebody else's came first.
        if let Some(fingerprint) = actual.get("fingerprint") {
            patch.insert("fingerprint".to_owned(), fingerprint.clone());
        }
        Step::new(part.id.clone(), Act::Update(Value::Object(patch)))
    };
    step.changes = told;
    step
}

/// The fields of a resource that are kept as stated and are not.
fn differing(part: &Part, actual: &Value) -> Map<String, Value> {
    let is_kept = |field: &str| match part.upkeep {
        Upkeep::Stated | Upkeep::Anew(_) => true,
        Upkeep::Only(fields) => fields.contains(&field),
        Upkeep::Nothing => false,
    };
    let mut fields = fields(&part.body, actual);
    fields.retain(|field, _| is_kept(field));
    fields
}

/// The stated fields that are otherwise.
fn fields(stated: &Value, actual: &Value) -> Map<String, Value> {
    let stated = stated.as_object().into_iter().flatten();
    stated
        .filter(|(field, stated)| {
            let is_there = actual.get(field.as_str());
            !is_there.is_some_and(|actual| matches(stated, actual))
        })
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

fn anew(part: &Part, patch: &Map<String, Value>) -> Option<&'static str> {
    match part.upkeep {
        Upkeep::Anew(fields) => fields
            .iter()
            .copied()
            .find(|field| patch.contains_key(*field)),
        _ => None,
    }
}

fn label(part: &Part, blueprint: &Blueprint, actual: &Value) -> Step {
    let mut labels = actual["labels"].as_object().cloned().unwrap_or_default();
    labels.insert(LABEL.to_owned(), blueprint.name.clone().into());
    let fingerprint = actual["labelFingerprint"].as_str().unwrap_or_default();
    let mut step = Step::new(
        part.id.clone(),
        Act::SetLabels {
            labels,
            fingerprint: fingerprint.to_owned(),
        },
    );
    step.why = Some("it is taken over".to_owned());
    step
}

/// A policy that its owner has changed is kept and told, and so is a place that was drained.
fn drift(blueprint: &Blueprint, part: &Part, found: &Inventory, terms: Terms) -> Option<Drift> {
    let actual = found.get(&part.id).filter(|_| blueprint.mark.is_some())?;
    let changes = match part.id.kind {
        Kind::Autoscaler if !terms.policy => changes(
            &part.body["autoscalingPolicy"],
            &actual["autoscalingPolicy"],
        ),
        Kind::BackendService => drained(actual),
        _ => Vec::new(),
    };
    (!changes.is_empty()).then(|| Drift {
        id: part.id.clone(),
        changes,
    })
}

fn is_of_identity(kind: Kind) -> bool {
    matches!(kind, Kind::ServiceAccount | Kind::Role | Kind::Grant)
}

/// What bears the mark, is in the blueprint no longer, and is named by nothing that stays. Versions
/// stay, and so does the repository of their images: somebody may go back to them.
fn leftovers(mark: &Mark, parts: &[Part], found: &Inventory) -> Vec<Step> {
    let wanted: BTreeSet<&Id> = parts.iter().map(|part| &part.id).collect();
    // A version that somebody may go back to is nothing without the account that it names.
    let is_old_identity = !wanted.iter().any(|id| id.kind == Kind::ServiceAccount);
    let named: BTreeSet<String> = parts
        .iter()
        .flat_map(|part| references(&part.body))
        .collect();
    let is_left = |id: &&Id| {
        let is_of_versions = matches!(id.kind, Kind::Template | Kind::Repository);
        let stays = is_of_versions || (is_old_identity && is_of_identity(id.kind));
        !wanted.contains(id) && !stays && !named.contains(&id.path())
    };
    let left = found.marked(mark).map(|(id, _)| id).filter(is_left);
    let mut steps: Vec<Step> = left
        .map(|id| {
            let mut step = Step::new(id.clone(), Act::Delete);
            step.why = Some("the configuration no longer asks for it".to_owned());
            step
        })
        .collect();
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests;
