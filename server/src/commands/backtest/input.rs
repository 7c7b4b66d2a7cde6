//! Reading policies.

use std::{fs, path::PathBuf};

use autoscaler::{Policy, validate};
use serde_json::Value;

use crate::failure::Failure;

/// A policy to try, and where it is from.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) policy: Policy,
}

pub(super) fn candidates(paths: &[PathBuf]) -> Result<Vec<Candidate>, Failure> {
    paths.iter().map(candidate).collect()
}

pub(super) fn candidate(path: &PathBuf) -> Result<Candidate, Failure> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::input_because(name.clone(), &error))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::input_because(name.clone(), &error))?;
    // What `gcloud compute instance-groups managed describe` and the API show is the autoscaler.
    let value = value.get("autoscalingPolicy").unwrap_or(&value);
    let policy = validate(value).map_err(|violations| {
        let messages: Vec<&str> = violations
            .iter()
            .map(|violation| violation.message.as_str())
            .collect();
        Failure::input(format!("{name}: {}", messages.join(" ")))
    })?;
    Ok(Candidate { name, policy })
}

pub(super) fn price(text: &str) -> Result<f64, String> {
    let price = text
        .parse()
        .ok()
        .filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "it must be a number of at least 0".to_owned())
}
