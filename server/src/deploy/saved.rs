//! A plan in a file, carried out later if it still is what would be done.

use std::{
    fs,
    path::{Path, PathBuf},
};

use control_plane::deployment::{Plan, Terms};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Target, Wish};
use crate::failure::Failure;

/// What a plan was made from, and what came out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedPlan {
    /// The format.
    flaskscale_plan: u32,
    project: String,
    /// The configuration's text.
    configuration: String,
    /// Where its image is built.
    folder: PathBuf,
    image: Option<String>,
    newest_os: bool,
    adopt: bool,
    policy: bool,
    plan: Value,
}

const FORMAT: u32 = 2;

impl SavedPlan {
    pub(crate) fn new(target: &Target, wish: &Wish, terms: Terms, plan: &Plan) -> Self {
        Self {
            flaskscale_plan: FORMAT,
            project: target.client.project().to_owned(),
            configuration: target.text.clone(),
            folder: std::path::absolute(&target.folder).unwrap_or_default(),
            image: wish.image.clone(),
            newest_os: wish.newest_os,
            adopt: terms.adopt,
            policy: terms.policy,
            plan: plan.to_json(),
        }
    }

    /// Writes a new file: a plan that somebody has read is not replaced behind their back.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let refuse = |error: &std::io::Error| {
            Failure::input_because(format!("--out {}", path.display()), error)
        };
        let file = fs::File::create_new(path).map_err(|error| refuse(&error))?;
        serde_json::to_writer_pretty(file, self).map_err(|error| refuse(&error.into()))
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |error: &dyn std::error::Error| {
            Failure::input_because(format!("{} is no plan", path.display()), error)
        };
        let text = fs::read(path).map_err(|error| refuse(&error))?;
        let saved: Self = serde_json::from_slice(&text).map_err(|error| refuse(&error))?;
        if saved.flaskscale_plan != FORMAT {
            return Err(Failure::input(format!(
                "{} has the format {}, and this program reads {FORMAT}",
                path.display(),
                saved.flaskscale_plan
            )));
        }
        Ok(saved)
    }

    /// What it was made from.
    pub(crate) fn target(&self, path: &Path) -> Result<Target, Failure> {
        let mut target = Target::read(self.configuration.clone(), path)?;
        target.folder.clone_from(&self.folder);
        let project = target.client.project();
        if project != self.project {
            return Err(Failure::input(format!(
                "{} is a plan for the project {}, and this is {project}",
                path.display(),
                self.project
            )));
        }
        Ok(target)
    }

    pub(crate) fn wish(&self) -> Wish {
        Wish {
            image: self.image.clone(),
            newest_os: self.newest_os,
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            adopt: self.adopt,
            policy: self.policy,
        }
    }

    /// Refuses if what would be done now is not what was planned, naming the first difference.
    pub(crate) fn check(&self, now: &Plan) -> Result<(), Failure> {
        let now = now.to_json();
        if now == self.plan {
            return Ok(());
        }
        let steps = |plan: &Value| plan["steps"].as_array().cloned().unwrap_or_default();
        let (planned, now) = (steps(&self.plan), steps(&now));
        let differing = now.iter().find(|step| !planned.contains(step));
        let gone = planned.iter().find(|step| !now.contains(step));
        let what = differing.or(gone).map_or_else(
            || "an owner's policy".to_owned(),
            |step| format!("{} {}", step["kind"], step["name"]).replace('"', ""),
        );
        Err(Failure::input(format!(
            "the world has changed since this plan was made, first of all {what}: make a new one"
        )))
    }
}
