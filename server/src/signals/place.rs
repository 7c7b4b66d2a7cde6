//! The instance as Monitoring knows it.

use std::collections::BTreeMap;

use gce::monitoring::Labelled;

use crate::{identity::last_segment, metadata::Metadata};

/// What the metadata server says of this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: String,
    /// The number by which Monitoring names instances.
    pub(super) instance: String,
    pub(super) zone: String,
    pub(super) machine_type: String,
}

impl Place {
    /// `None` where nobody says which instance this is.
    pub(super) async fn learn(metadata: &Metadata) -> Option<Self> {
        let last = |path: String| last_segment(&path).to_owned();
        Some(Self {
            project: metadata.value("project/project-id").await?,
            instance: metadata.value("instance/id").await?,
            zone: metadata.value("instance/zone").await.map(last)?,
            machine_type: metadata.value("instance/machine-type").await.map(last)?,
        })
    }

    /// The monitored resource. An autoscaler finds an instance's series by its id.
    pub(super) fn resource(&self) -> Labelled {
        let labels = [
            ("project_id", &self.project),
            ("instance_id", &self.instance),
            ("zone", &self.zone),
        ];
        let pair = |(name, value): (&str, &String)| (name.to_owned(), value.clone());
        Labelled {
            kind: "gce_instance".to_owned(),
            labels: BTreeMap::from_iter(labels.map(pair)),
        }
    }
}
