//! A plan, carried out before somebody's eyes, and taken back if its version does not become healthy.

use std::time::{Duration, Instant};

use control_plane::deployment::{
    Act, GroupProgress, Inventory, Kind, Plan, Verdict, progress, switch, verdict,
};
use tokio::time::sleep;

use super::{
    Consent, Target, agreed, locked, steps::Steps, teller::Teller, values::values, watch::Watch,
};
use crate::failure::Failure;

/// What to do beyond the plan itself.
#[derive(Clone, Debug)]
pub(crate) struct CarryOut<'a> {
    pub(crate) target: &'a Target,
    /// What there was before.
    pub(crate) found: &'a Inventory,
    /// How long instances may take to become healthy.
    pub(crate) patience: Duration,
    /// How long a version is watched that becomes healthy, on the cloud's clock: if its visitors get worse
    /// than before, it is taken back. `None` for a version that is not on trial.
    pub(crate) bake: Option<Duration>,
}

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A line at least so often, for those who watch.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Takes the plan's steps, and waits until every instance runs what it shall and serves.
///
/// If they do not, the groups go back to the version that was in service, and the failure says why.
pub(crate) async fn carry_out(plan: &Plan, how: CarryOut<'_>) -> Result<(), Failure> {
    let mut watch = watch(plan, &how).await;
    let since = take(plan, how.target).await?;
    let Err(why) = settled(&how, since, watch.as_mut()).await? else {
        if let Some(watch) = watch {
            println!("{watch}");
        }
        return Ok(());
    };
    let before = how.found.in_service(how.target.name());
    let Some(before) = before.filter(|_| changes_version(plan)) else {
        return Err(Failure::broken(format!(
            "the deployment is not healthy: {why}"
        )));
    };
    println!("taking the new version back: {why}");
    println!("going back to {}", before.template);
    let now = how.target.inventory().await?;
    let since = take(&switch(&how.target.mark(), &now, &before.url), how.target).await?;
    match settled(&how, since, None).await? {
        Ok(()) => Err(Failure::broken(format!(
            "rolled back to {}, which serves: {why}",
            before.template
        ))),
        Err(still) => Err(Failure::broken(format!(
            "rolled back to {}, which is not healthy either: {still}; the new version failed since {why}",
            before.template
        ))),
    }
}

/// Shows the plan and carries it out if somebody agrees, in advance or when asked. Without anything to
/// do it says `idle`, and waits for the instances all the same. False where nobody agrees.
pub(crate) async fn show_and_carry_out(
    plan: &Plan,
    how: CarryOut<'_>,
    idle: &str,
    consent: Option<Consent<'_>>,
) -> Result<bool, Failure> {
    print!("{plan}");
    if plan.is_empty() {
        println!("{idle}");
    } else if let Some(consent) = consent
        && !agreed(consent)?
    {
        println!("nothing was done");
        return Ok(false);
    }
    if plan.is_empty() {
        carry_out(plan, how).await?;
    } else {
        locked(how.target, None, carry_out(plan, how.clone())).await?;
    }
    Ok(true)
}

async fn watch<'a>(plan: &Plan, how: &CarryOut<'a>) -> Option<Watch<'a>> {
    let bake = how.bake.filter(|_| changes_version(plan))?;
    Watch::begin(&how.target.client, how.target.name(), bake).await
}

fn changes_version(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| {
        step.id.kind == Kind::Group
            && matches!(&step.act, Act::Update(patch) if patch.get("versions").is_some())
    })
}

/// Takes the steps and tells of each, and publishes the image between those that it needs and the version
/// that names it. Gives the cloud's time before the first.
pub(crate) async fn take(plan: &Plan, target: &Target) -> Result<i64, Failure> {
    const BEFORE_A_PUSH: [Kind; 2] = [Kind::Api, Kind::Repository];
    let since = target.client.server_now().unwrap_or_default();
    let mut steps = Steps::of(plan, target, values(plan, target)?);
    if plan.makes_version() {
        let first = plan.clone().limited_to(&BEFORE_A_PUSH);
        steps.take(&first).await?;
        target.publish_image().await?;
        steps.take(&plan.clone().beyond(&BEFORE_A_PUSH)).await?;
    } else {
        steps.take(plan).await?;
    }
    Ok(since)
}

/// Waits for the instances, and then for what visitors get from them: `Err` inside says why they do not
/// become healthy, or what got worse.
async fn settled(
    how: &CarryOut<'_>,
    since: i64,
    mut watch: Option<&mut Watch<'_>>,
) -> Result<Result<(), String>, Failure> {
    let started = Instant::now();
    let mut teller = Teller::new(SAY_EVERY);
    // An instance that an autoscaler adds while visitors are watched has all the patience as well.
    let mut waiting_since = started;
    loop {
        let Some(groups) = look(how, since, started).await? else {
            sleep(SAY_EVERY).await;
            continue;
        };
        let all_serve = match verdict(&groups, waiting_since.elapsed(), how.patience) {
            Verdict::Done => true,
            Verdict::Failed(why) => return Ok(Err(why)),
            Verdict::Waiting => false,
        };
        if all_serve {
            waiting_since = Instant::now();
        }
        let of_visitors = match &mut watch {
            Some(watch) => watch.judge(all_serve).await,
            None => Verdict::Done,
        };
        match of_visitors {
            Verdict::Failed(why) => return Ok(Err(why)),
            Verdict::Done if all_serve => return Ok(Ok(())),
            Verdict::Done | Verdict::Waiting => {}
        }
        teller.tell(&state(&groups, all_serve));
        sleep(LOOK_EVERY).await;
    }
}

/// The groups; `None` where they cannot be seen for now. What may pass is waited for: to stop watching
/// would leave a bad version to roll on.
async fn look(
    how: &CarryOut<'_>,
    since: i64,
    started: Instant,
) -> Result<Option<Vec<GroupProgress>>, Failure> {
    let Target { client, .. } = how.target;
    match progress(client, how.target.name(), since).await {
        Ok(groups) => Ok(Some(groups)),
        Err(error) if may_pass(&error) && started.elapsed() < how.patience => {
            tracing::warn!(%error, "cannot watch the groups for now");
            Ok(None)
        }
        Err(error) => Err(cannot_watch(how.target.name(), &error)),
    }
}

fn state(groups: &[GroupProgress], all_serve: bool) -> String {
    if all_serve {
        return "all instances serve: watching what visitors get".to_owned();
    }
    let told: Vec<String> = groups.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// A refusal stays one; a cloud that is busy, broken or out of reach may come back.
fn may_pass(error: &gce::Error) -> bool {
    error
        .status()
        .is_none_or(|status| status == 429 || status >= 500)
}

fn cannot_watch(deployment: &str, error: &gce::Error) -> Failure {
    let context = format!(
        "cannot watch the groups of {deployment}, which go on by themselves (flaskscale status shows how \
         far, flaskscale rollback takes a version back)"
    );
    Failure::broken_because(context, error)
}

/// One version at a time is tried: another change would end the trial without saying so.
pub(crate) fn canary_first(canary: &str) -> Failure {
    Failure::input(format!(
        "{canary} is tried on some instances: flaskscale release --promote or --abort first"
    ))
}
