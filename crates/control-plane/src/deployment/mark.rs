//! How a deployment knows what is its own. Few kinds of resources can bear labels, but all can be
//! described.

use serde_json::Value;

use super::Kind;

/// The label of what cannot be described any more once it exists.
pub(super) const LABEL: &str = "flaskscale";

/// The mark of one deployment: `flaskscale:web;v=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    deployment: String,
}

impl Mark {
    /// Of the deployment with this name.
    pub fn of(deployment: &str) -> Self {
        Self {
            deployment: deployment.to_owned(),
        }
    }

    /// The whole description of a resource of its own.
    pub(super) fn description(&self) -> String {
        format!("{LABEL}:{};v=1", self.deployment)
    }

    /// The deployment that a description names.
    pub(super) fn name_in(body: &Value) -> Option<&str> {
        let rest = body["description"].as_str()?.strip_prefix(LABEL)?;
        rest.strip_prefix(':')?.split(';').next()
    }

    /// Whether a resource bears it, in its description or as a label.
    pub(super) fn is_on(&self, kind: Kind, body: &Value) -> bool {
        let described = body["description"].as_str().is_some_and(|description| {
            let rest = description.strip_prefix(&self.description());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
        });
        let labelled = kind.has_labels() && body["labels"][LABEL] == self.deployment.as_str();
        described || labelled
    }
}

/// What a template's description says beside the mark: which image its instances run.
pub(super) fn image_of(template: &Value) -> Option<&str> {
    let description = template["description"].as_str()?;
    description
        .split(';')
        .find_map(|part| part.strip_prefix("image="))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mark_is_of_one_deployment_and_in_one_of_two_places() {
        let mark = Mark::of("web");
        for (kind, body, expected) in [
            (
                Kind::UrlMap,
                json!({"description": "flaskscale:web;v=1"}),
                true,
            ),
            (
                Kind::Template,
                json!({"description": "flaskscale:web;v=1;image=a"}),
                true,
            ),
            (
                Kind::UrlMap,
                json!({"description": "flaskscale:web2;v=1"}),
                false,
            ),
            (
                Kind::UrlMap,
                json!({"description": "flaskscale:web;v=10"}),
                false,
            ),
            (Kind::UrlMap, json!({"description": "by hand"}), false),
            (Kind::UrlMap, json!({}), false),
            (
                Kind::Address,
                json!({"labels": {"flaskscale": "web"}}),
                true,
            ),
            (
                Kind::Address,
                json!({"labels": {"flaskscale": "other"}}),
                false,
            ),
            (
                Kind::UrlMap,
                json!({"labels": {"flaskscale": "web"}}),
                false,
            ),
        ] {
            assert_eq!(mark.is_on(kind, &body), expected, "{body}");
        }
    }

    #[test]
    fn a_template_says_which_image_it_is_for() {
        let template = json!({"description": "flaskscale:web;v=1;image=a/b@sha256:1"});
        assert_eq!(image_of(&template), Some("a/b@sha256:1"));
        assert_eq!(
            image_of(&json!({"description": "flaskscale:web;v=1"})),
            None
        );
    }
}
