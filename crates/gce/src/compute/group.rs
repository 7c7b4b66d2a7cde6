use futures::Stream;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::wire_struct;
use super::{InstanceStatus, Operation, OperationErrorItem};
use crate::open_enum::open_enum;
use crate::page::{List, Page, items};
use crate::{Client, Error, Resource, Scope};

wire_struct! {
    /// A managed instance group.
    pub struct InstanceGroupManager {
        /// Its name, and that of its instance group.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// What its instances' names begin with.
        pub base_instance_name: Option<String>,
        /// The URL of the template of new instances.
        pub instance_template: Option<String>,
        /// The templates in use, several during a canary.
        pub versions: Vec<VersionRef>,
        /// How many instances it shall have.
        pub target_size: Option<i32>,
        /// The URL of the instance group, which backends name.
        pub instance_group: Option<String>,
        /// Ports by name, for backend services.
        pub named_ports: Vec<NamedPort>,
        /// How many instances are in which action.
        pub current_actions: Option<Value>,
        /// Whether it is at rest.
        pub status: Option<GroupStatus>,
        /// Base64; changes with each change.
        pub fingerprint: Option<String>,
        /// The URL of its zone, if it is zonal.
        pub zone: Option<String>,
        /// The URL of its region, if it is regional.
        pub region: Option<String>,
        /// RFC 3339.
        pub creation_timestamp: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// A template in use by a group.
    pub struct VersionRef {
        /// Set by rolling restarts.
        pub name: Option<String>,
        /// The template's URL.
        pub instance_template: Option<String>,
    }
}

wire_struct! {
    /// A port that backend services know by name.
    pub struct NamedPort {
        /// `http`.
        pub name: String,
        /// The port on each instance.
        pub port: Option<u16>,
    }
}

wire_struct! {
    /// How a group is doing.
    pub struct GroupStatus {
        /// No instance is changing, and none is about to.
        pub is_stable: Option<bool>,
        /// The URL of its autoscaler, if it has one.
        pub autoscaler: Option<String>,
        /// Whether its instances are of the versions that they shall be of.
        pub version_target: Option<VersionTarget>,
    }
}

wire_struct! {
    /// How far a group is with its versions.
    pub struct VersionTarget {
        /// Every instance is of a version, and each version has its share.
        pub is_reached: Option<bool>,
    }
}

wire_struct! {
    /// An instance as its group sees it.
    pub struct ManagedInstance {
        /// The instance's URL, known before it exists.
        pub instance: String,
        /// Its name, which older answers leave out.
        pub name: Option<String>,
        /// A decimal uint64, once it exists.
        pub id: Option<String>,
        /// Absent while there is no machine.
        pub instance_status: Option<InstanceStatus>,
        /// What the group is doing to it.
        pub current_action: Option<CurrentAction>,
        /// What it was made from.
        pub version: Option<VersionRef>,
        /// What the group's own health check says.
        pub instance_health: Vec<InstanceHealth>,
    }
}

wire_struct! {
    /// A group's health check on one instance.
    pub struct InstanceHealth {
        /// The check's URL.
        pub health_check: Option<String>,
        /// `HEALTHY`, `UNHEALTHY`, `DRAINING`, `TIMEOUT`, `UNKNOWN`.
        pub detailed_health_state: Option<String>,
    }
}

wire_struct! {
    /// An attempt of a group that failed.
    pub struct GroupError {
        /// What went wrong.
        pub error: Option<OperationErrorItem>,
        /// Which instance, and what was attempted.
        pub instance_action_details: Option<AttemptedAction>,
        /// RFC 3339.
        pub timestamp: Option<String>,
    }
}

wire_struct! {
    /// What a group attempted.
    pub struct AttemptedAction {
        /// The instance's URL.
        pub instance: Option<String>,
        /// What was to be done to it.
        pub action: Option<CurrentAction>,
    }
}

open_enum! {
    /// What a group is doing to an instance.
    pub enum CurrentAction {
        /// Nothing.
        None = "NONE",
        /// Making it.
        Creating = "CREATING",
        /// Making it, once.
        CreatingWithoutRetries = "CREATING_WITHOUT_RETRIES",
        /// Replacing it under the same name.
        Recreating = "RECREATING",
        /// Removing it.
        Deleting = "DELETING",
        /// Letting go of it.
        Abandoning = "ABANDONING",
        /// Restarting it.
        Restarting = "RESTARTING",
        /// Updating it in place.
        Refreshing = "REFRESHING",
        /// Waiting for its health check.
        Verifying = "VERIFYING",
        /// Starting it again.
        Starting = "STARTING",
        /// Stopping it.
        Stopping = "STOPPING",
        /// Suspending it.
        Suspending = "SUSPENDING",
        /// Resuming it.
        Resuming = "RESUMING",
    }
}

impl ManagedInstance {
    /// The instance's name, from its URL where the answer has no field for it.
    pub fn name(&self) -> &str {
        self.name
            .as_deref()
            .unwrap_or_else(|| crate::name_of(&self.instance))
    }
}

impl InstanceGroupManager {
    /// Where it lives.
    pub fn scope(&self) -> Scope {
        let place = self.zone.as_ref().or(self.region.as_ref());
        place
            .or(self.self_link.as_ref())
            .map_or(Scope::Global, |url| Scope::of_url(url))
    }
}

impl Resource for InstanceGroupManager {
    const COLLECTION: &'static str = "instanceGroupManagers";
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagedInstances {
    #[serde(default)]
    managed_instances: Vec<ManagedInstance>,
    next_page_token: Option<String>,
}

impl Page for ManagedInstances {
    type Item = ManagedInstance;

    fn split(self) -> (Vec<ManagedInstance>, Option<String>) {
        (self.managed_instances, self.next_page_token)
    }
}

impl Client {
    /// The instances of a group, those included that do not exist yet.
    pub fn managed_instances(
        &self,
        scope: &Scope,
        group: &str,
    ) -> impl Stream<Item = Result<ManagedInstance, Error>> + Send + use<> {
        let path = [
            InstanceGroupManager::COLLECTION,
            group,
            "listManagedInstances",
        ];
        let request = self.compute(Method::POST, scope, &path);
        let request = request.map(|request| request.query("maxResults", "500").repeatable());
        items::<ManagedInstances>(self.clone(), request)
    }

    /// What a group attempted in vain, with instances that are gone too.
    pub fn group_errors(
        &self,
        scope: &Scope,
        group: &str,
    ) -> impl Stream<Item = Result<GroupError, Error>> + Send + use<> {
        let path = [InstanceGroupManager::COLLECTION, group, "listErrors"];
        let request = self.compute(Method::GET, scope, &path);
        let request = request.map(|request| request.query("maxResults", "500"));
        items::<List<GroupError>>(self.clone(), request)
    }

    /// Sets a group's target size. Google refuses with 412 while an autoscaler owns it.
    pub async fn resize(&self, scope: &Scope, group: &str, size: u32) -> Result<Operation, Error> {
        let path = [InstanceGroupManager::COLLECTION, group, "resize"];
        let request = self.compute(Method::POST, scope, &path)?;
        self.send(&request.query("size", &size.to_string()).with_request_id())
            .await
    }

    /// Replaces instances, given by URL, under their names.
    pub async fn recreate_instances(
        &self,
        scope: &Scope,
        group: &str,
        instances: &[String],
    ) -> Result<Operation, Error> {
        let path = [InstanceGroupManager::COLLECTION, group, "recreateInstances"];
        let request = self.compute(Method::POST, scope, &path)?;
        self.send(
            &request
                .body(json!({ "instances": instances }))
                .with_request_id(),
        )
        .await
    }
}
