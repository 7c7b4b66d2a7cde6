use serde_json::{Value, json};

use super::{Act, Inventory, Plan};
use crate::json::merged;

impl Inventory {
    /// What there would be once a plan was carried out, without what the cloud itself fills in.
    #[must_use]
    pub fn after(&self, plan: &Plan) -> Self {
        let mut after = self.clone();
        for step in &plan.steps {
            let before = self.get(&step.id).cloned().unwrap_or_default();
            let body: Value = match &step.act {
                Act::Keep => continue,
                Act::Delete => {
                    after.remove(&step.id);
                    continue;
                }
                Act::Create(body) | Act::Replace(body) => body.clone(),
                Act::Update(patch) => merged(&before, patch),
                Act::SetLabels { labels, .. } => merged(&before, &json!({ "labels": labels })),
            };
            after.set(step.id.clone(), body);
        }
        after
    }
}
