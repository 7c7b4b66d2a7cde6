use std::time::Duration;

use super::{Act, Kind, Step};

impl Step {
    /// About how long Google takes for it, `None` where it is done by the time of the answer. Nothing that
    /// Google promises: rough figures, by which somebody who watches knows a slow step from one that hangs.
    pub fn expected(&self) -> Option<Duration> {
        let seconds = match &self.act {
            Act::Keep => return None,
            Act::Delete => deletion(self.id.kind),
            Act::Replace(_) => deletion(self.id.kind) + creation(self.id.kind),
            Act::Create(_) | Act::Update(_) | Act::SetLabels { .. } => creation(self.id.kind),
        };
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

fn creation(kind: Kind) -> u64 {
    match kind {
        Kind::Role | Kind::Secret => 0,
        Kind::Address | Kind::HealthCheck | Kind::Template => 5,
        Kind::Group | Kind::ForwardingRule | Kind::Record => 20,
        Kind::Api | Kind::BackendService => 30,
        // A new account is unknown to policies for as long, and a policy to those who obey it.
        _ => 10,
    }
}

fn deletion(kind: Kind) -> u64 {
    match kind {
        // Its instances are drained and stopped one and all.
        Kind::Group => 150,
        Kind::Api | Kind::Role | Kind::Secret | Kind::ServiceAccount => 0,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use gce::Scope;
    use serde_json::json;

    use super::*;
    use crate::deployment::Id;

    fn expected(kind: Kind, act: Act) -> Option<u64> {
        let id = Id {
            kind,
            scope: Scope::Global,
            name: "web".to_owned(),
        };
        Step::new(id, act).expected().map(|time| time.as_secs())
    }

    #[test]
    fn what_is_made_anew_takes_as_long_as_to_delete_and_to_create_it() {
        let (made, gone) = (
            expected(Kind::Group, Act::Create(json!({}))),
            expected(Kind::Group, Act::Delete),
        );
        let anew = expected(Kind::Group, Act::Replace(json!({})));
        assert_eq!(anew, made.zip(gone).map(|(made, gone)| made + gone));
    }

    #[test]
    fn what_stays_takes_no_time() {
        assert_eq!(expected(Kind::Group, Act::Keep), None);
    }
}
