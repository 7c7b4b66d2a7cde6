use std::sync::Arc;

use autoscaler::Policy;
use autoscaler::backtest::{OngoingHold, Trace};
use gce::compute::Autoscaler;
use serde_json::Value;

use crate::backtest::Asked;
use crate::change::{DrillSubject, Wish, change_policy, start_drill, stop_drill};
use crate::drawn::Drawn;
use crate::fleet::{Sources, assemble};
use crate::gather::{self, Health, ManagedGroup, Numbers, Recent};
use crate::history::{self, Subject};
use crate::keyed::Keyed;
use crate::marks::Marks;
use crate::source::{Snapshot, Source};
use crate::{
    Author, ChangeError, Charts, Drill, DrillRequest, Error, Fleet, Group, GroupId, HistoryPage,
    HistoryQuery, Pace, PolicyChange, PolicyEdit, Problem, Recording, Settings, Window, backtest,
    charts, time,
};

/// Reads and steers the fleet of one project. Cloning is cheap, and clones share what was read.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: gce::Client,
    groups: Source<Vec<ManagedGroup>>,
    autoscalers: Source<Vec<Autoscaler>>,
    instances: Source<std::collections::HashMap<String, gce::compute::Instance>>,
    health: Source<Health>,
    numbers: Source<Numbers>,
    recent: Source<Recent>,
    charts: Keyed<(GroupId, Window), Charts>,
    history: Keyed<(GroupId, HistoryQuery), HistoryPage>,
    recordings: Keyed<(GroupId, u32, Vec<String>), Recording>,
    holds: Keyed<GroupId, Option<OngoingHold>>,
    drawn: Drawn,
    marks: Marks,
}

impl Shared {
    fn new(client: gce::Client, pace: Pace) -> Self {
        let new = || client.clone();
        Self {
            groups: Source::new("instance groups", pace.compute(), new()),
            autoscalers: Source::new("autoscalers", pace.compute(), new()),
            instances: Source::new("instances", pace.compute(), new()),
            health: Source::new("health", pace.compute(), new()),
            numbers: Source::new("metrics", pace.monitoring(), new()),
            recent: Source::new("history", pace.logging(), new()),
            charts: Keyed::new("charts", pace.monitoring(), new()),
            history: Keyed::new("history", pace.logging(), new()),
            recordings: Keyed::new("recorded load", pace.recording(), new()),
            holds: Keyed::new("holds", pace.monitoring(), new()),
            drawn: Drawn::default(),
            marks: Marks::default(),
            client,
        }
    }
}

impl ControlPlane {
    /// Reads nothing yet. Needs a Tokio runtime from the first reading on.
    pub fn new(client: gce::Client, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared::new(client, settings.pace)),
        }
    }

    /// The fleet, as fresh as the pace allows. Never fails: what cannot be read is a problem in it.
    pub async fn fleet(&self) -> Arc<Fleet> {
        let shared = &*self.shared;
        // The groups come first, alone: their answer sets the clock that the others ask by.
        let groups = shared.groups.read(|| gather::groups(self.client())).await;
        let (autoscalers, instances, health, numbers, recent) = tokio::join!(
            shared
                .autoscalers
                .read(|| gather::autoscalers(self.client())),
            shared.instances.read(|| gather::instances(self.client())),
            shared.health.read(|| gather::health(self.client())),
            shared.numbers.read(|| gather::numbers(self.client())),
            shared.recent.read(|| gather::recent(self.client())),
        );
        let mut problems = Vec::new();
        let sources = Sources {
            groups: value(groups, &mut problems),
            autoscalers: value(autoscalers, &mut problems),
            instances: value(instances, &mut problems),
            health: value(health, &mut problems),
            numbers: value(numbers, &mut problems),
            recent: value(recent, &mut problems),
        };
        let fleet = assemble(&sources, problems, time::now(&shared.client));
        for view in fleet
            .groups
            .iter()
            .filter_map(|group| group.autoscaler.as_ref())
        {
            shared.drawn.remember(&view.hash, &view.raw);
        }
        Arc::new(fleet)
    }

    /// A group's numbers over time.
    pub async fn charts(&self, group: &GroupId, window: Window) -> Result<Charts, Error> {
        let fleet = self.fleet().await;
        let known = self.known(&fleet, group)?;
        let (subject, policy) = (subject(known), policy_in_force(known));
        let source = self.shared.charts.of(&(group.clone(), window));
        let gather = || charts::charts(self.client(), subject.clone(), policy.clone(), window);
        let Snapshot { value, problem } = source.read(gather).await;
        let mut charts = available(value, problem.as_ref())?;
        charts.problems.extend(problem);
        Ok(charts)
    }

    /// A page of a group's history, newest first.
    pub async fn history(
        &self,
        group: &GroupId,
        query: HistoryQuery,
    ) -> Result<HistoryPage, Error> {
        let fleet = self.fleet().await;
        let subject = subject(self.known(&fleet, group)?);
        let source = self.shared.history.of(&(group.clone(), query.clone()));
        let gather = || {
            let (client, subject, query) = (self.client(), subject.clone(), query.clone());
            async move { history::page(&client, &subject, query).await }
        };
        let Snapshot { value, problem } = source.read(gather).await;
        available(value, problem.as_ref())
    }

    /// A group's load of the last days, 1 to [`MAX_RECORDING_DAYS`](crate::MAX_RECORDING_DAYS), for
    /// trying policies on it: with the totals of the present policy's metrics, and of those that the
    /// candidates name besides.
    pub async fn recording(
        &self,
        group: &GroupId,
        days: u32,
        candidates: &[Policy],
    ) -> Result<Recording, Error> {
        let fleet = self.fleet().await;
        let known = self.known(&fleet, group)?;
        let view = known.autoscaler.as_ref();
        let view = view.ok_or_else(|| Error::NoAutoscaler(group.clone()))?;
        let asked = Asked {
            subject: subject(known),
            policy: view.policy.clone(),
            metrics: backtest::metrics(&view.policy, candidates),
            instances: known.instances.clone(),
            length: backtest::days(days),
        };
        let names = asked.metrics.iter().map(Trace::metric_name).collect();
        let source = self.shared.recordings.of(&(group.clone(), days, names));
        let gather = || backtest::recording(self.client(), asked.clone());
        let Snapshot { value, problem } = source.read(gather).await;
        available(value, problem.as_ref())
    }

    /// Why a group keeps its size though its load alone would have another, if so: what the decision
    /// engine says to the last hour or so of the group's recorded load, whatever its signals are.
    /// `None` also for a policy that predicts, see
    /// [`ongoing_hold`](autoscaler::backtest::ongoing_hold).
    pub async fn hold(&self, group: &GroupId) -> Result<Option<OngoingHold>, Error> {
        let fleet = self.fleet().await;
        let view = self.known(&fleet, group)?.autoscaler.as_ref();
        let policy = &view
            .ok_or_else(|| Error::NoAutoscaler(group.clone()))?
            .policy;
        let source = self.shared.holds.of(group);
        let gather = || backtest::hold(self.client(), group.clone(), policy.clone());
        let Snapshot { value, problem } = source.read(gather).await;
        available(value, problem.as_ref())
    }

    /// Changes the fields of a group's policy that differ from `edit`, provided that the policy is
    /// still the one with the hash `base`.
    pub async fn change_policy(
        &self,
        author: &Author,
        group: &GroupId,
        base: &str,
        edit: PolicyEdit,
        note: &str,
    ) -> Result<PolicyChange, ChangeError> {
        let drawn = self.shared.drawn.policy(base);
        let wish = Wish {
            author,
            group,
            base,
            drawn: drawn.as_ref(),
            edit: &edit,
            note,
        };
        let outcome = change_policy(&self.shared.client, wish).await;
        self.invalidate();
        outcome
    }

    /// Starts a drill on an instance of the group.
    pub async fn start_drill(
        &self,
        author: &Author,
        group: &GroupId,
        instance: &str,
        drill: DrillRequest,
    ) -> Result<Drill, ChangeError> {
        let subject = DrillSubject {
            author,
            group,
            instance,
        };
        let outcome = start_drill(&self.shared.client, subject, drill).await;
        self.invalidate();
        outcome
    }

    /// Stops the drill of an instance; does nothing if there is none.
    pub async fn stop_drill(
        &self,
        author: &Author,
        group: &GroupId,
        instance: &str,
    ) -> Result<(), ChangeError> {
        let subject = DrillSubject {
            author,
            group,
            instance,
        };
        let outcome = stop_drill(&self.shared.client, subject).await;
        self.invalidate();
        outcome
    }

    /// Has the next readers see a change that was made through another control plane.
    ///
    /// `mark` names the change; one that was met before does nothing.
    pub fn catch_up(&self, mark: &str) {
        if self.shared.marks.is_new(mark) {
            self.invalidate();
        }
    }

    fn client(&self) -> gce::Client {
        self.shared.client.clone()
    }

    /// The group, if the fleet has it. While the groups cannot be read, that is the error, and not
    /// that the group does not exist.
    fn known<'a>(&self, fleet: &'a Fleet, id: &GroupId) -> Result<&'a Group, Error> {
        if let Some(group) = fleet.group(id) {
            return Ok(group);
        }
        let unread = fleet
            .problems
            .iter()
            .find(|problem| problem.source == self.shared.groups.name());
        Err(match unread {
            Some(problem) => Error::Unavailable(problem.clone()),
            None => Error::NoSuchGroup(id.clone()),
        })
    }

    /// Who has just changed something wants to see it.
    fn invalidate(&self) {
        let shared = &*self.shared;
        shared.groups.invalidate();
        shared.autoscalers.invalidate();
        shared.instances.invalidate();
        shared.recent.invalidate();
        shared.charts.invalidate();
        shared.history.invalidate();
        shared.recordings.invalidate();
        shared.holds.invalidate();
    }
}

fn value<T>(snapshot: Snapshot<T>, problems: &mut Vec<Problem>) -> Option<Arc<T>> {
    problems.extend(snapshot.problem);
    snapshot.value
}

fn available<T: Clone>(value: Option<Arc<T>>, problem: Option<&Problem>) -> Result<T, Error> {
    match (value, problem) {
        (Some(value), _) => Ok(Arc::unwrap_or_clone(value)),
        (None, problem) => Err(Error::Unavailable(problem.cloned().unwrap_or_default())),
    }
}

fn subject(group: &Group) -> Subject {
    let autoscaler = group
        .autoscaler
        .as_ref()
        .map_or(&group.id.name, |view| &view.name);
    Subject {
        group: group.id.clone(),
        autoscaler: autoscaler.clone(),
        since: None,
    }
}

/// The policy with its defaults, for the lines of a chart.
fn policy_in_force(group: &Group) -> Value {
    group
        .autoscaler
        .as_ref()
        .map_or(Value::Null, |view| view.policy.to_value())
}
