//! Drills of programs that are not ours: the emulator burns beside them.

use std::time::Duration;

use serde::Deserialize;

use super::{context::Context, launch::Running, record};
use crate::{resource::Key, supervise::protocol::Command};

/// The metadata key that asks an instance for a drill.
const METADATA_KEY: &str = "flaskscale-drill";

/// What the key holds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Drill {
    id: String,
    kind: String,
    /// A multiple of the instance's share.
    load: f64,
    /// On the cloud's clock, in milliseconds.
    until: i64,
}

/// Which drill runs beside an instance.
#[derive(Debug, Default)]
pub(super) struct DrillKeeper {
    current: Option<String>,
}

/// Starts and stops the burner as the instance's metadata has it now.
pub(super) async fn follow(context: &Context, key: &Key, running: &mut Running) {
    if running.drills_itself || context.settings.burner.is_empty() {
        return;
    }
    let wanted = wanted(context, key);
    let id = wanted.as_ref().map(|drill| drill.id.clone());
    if id == running.drill.current {
        return;
    }
    let order = match &wanted {
        Some(drill) => start(context, drill, running.cores),
        None => Command::StopSide,
    };
    running.process.order(&order).await;
    running.drill.current = id;
}

/// The drill that is asked for and not over.
fn wanted(context: &Context, key: &Key) -> Option<Drill> {
    let instance = context.store.get(key)?;
    let drill: Drill =
        serde_json::from_str(record::metadata_value(&instance, METADATA_KEY)?).ok()?;
    let valid = drill.kind == "cpu" && drill.load.is_finite() && drill.load > 0.0;
    (valid && drill.until > context.clock.now().0).then_some(drill)
}

fn start(context: &Context, drill: &Drill, share: f64) -> Command {
    let left = (drill.until - context.clock.now().0).max(0) as u64;
    // The burner ends by itself also if nobody tells it to; it counts in real seconds.
    let seconds = context.clock.real(Duration::from_millis(left)).as_secs() + 1;
    let cores = format!("{:.3}", drill.load * share);
    let arguments = [
        "--cores".into(),
        cores,
        "--seconds".into(),
        seconds.to_string(),
    ];
    let settings = &context.settings;
    let program = settings.burner.iter().cloned().chain(arguments);
    // By way of the supervisor's last step, as the instance's own program.
    let exec = settings
        .supervisor
        .iter()
        .cloned()
        .chain(["exec".into(), "--".into()]);
    Command::StartSide {
        command: exec.chain(program).collect(),
    }
}
