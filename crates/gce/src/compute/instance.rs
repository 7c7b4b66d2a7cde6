use reqwest::Method;
use serde_json::Value;

use super::Operation;
use super::wire::wire_struct;
use crate::open_enum::open_enum;
use crate::{Client, Error, Resource, Scope};

wire_struct! {
    /// A machine.
    pub struct Instance {
        /// Unique in its zone.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// Where it is in its life.
        pub status: Option<InstanceStatus>,
        /// The URL of its machine type.
        pub machine_type: Option<String>,
        /// What it can read about itself.
        pub metadata: Option<Metadata>,
        /// The URL of its zone.
        pub zone: Option<String>,
        /// RFC 3339.
        pub creation_timestamp: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

open_enum! {
    /// Where an instance is in its life.
    pub enum InstanceStatus {
        /// Waiting to be made.
        Pending = "PENDING",
        /// Resources are being found.
        Provisioning = "PROVISIONING",
        /// Booting.
        Staging = "STAGING",
        /// Booted.
        Running = "RUNNING",
        /// Ending gracefully.
        PendingStop = "PENDING_STOP",
        /// Ending.
        Stopping = "STOPPING",
        /// Ended.
        Stopped = "STOPPED",
        /// Going to sleep.
        Suspending = "SUSPENDING",
        /// Asleep.
        Suspended = "SUSPENDED",
        /// Being repaired by Google.
        Repairing = "REPAIRING",
        /// Resources are being given back.
        Deprovisioning = "DEPROVISIONING",
        /// Ended.
        Terminated = "TERMINATED",
    }
}

wire_struct! {
    /// Keys and values that an instance reads from its metadata server.
    pub struct Metadata {
        /// Base64; a stale one is refused.
        pub fingerprint: Option<String>,
        /// Each key once.
        pub items: Vec<MetadataItem>,
    }
}

wire_struct! {
    /// One key of an instance's metadata.
    pub struct MetadataItem {
        /// The key.
        pub key: String,
        /// The value; Google leaves it out when it is empty.
        pub value: Option<String>,
    }
}

wire_struct! {
    /// What a group makes its instances from. It never changes: a new version is a new template.
    pub struct InstanceTemplate {
        /// Its name.
        pub name: String,
        /// A decimal uint64.
        pub id: Option<String>,
        /// What it says about an instance.
        pub properties: Option<InstanceProperties>,
        /// RFC 3339.
        pub creation_timestamp: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

wire_struct! {
    /// What a template says about an instance.
    pub struct InstanceProperties {
        /// The name of the machine type: `e2-micro`.
        pub machine_type: Option<String>,
        /// The metadata of each instance.
        pub metadata: Option<Metadata>,
        /// Disks, unchanged.
        pub disks: Vec<Value>,
        /// Network interfaces, unchanged.
        pub network_interfaces: Vec<Value>,
    }
}

wire_struct! {
    /// What an instance has written to its first serial port.
    pub struct SerialPortOutput {
        /// The text.
        pub contents: String,
        /// The byte after it, as a decimal: where to go on.
        pub next: Option<String>,
    }
}

impl Metadata {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let item = self.items.iter().find(|item| item.key == key);
        item.map(|item| item.value.as_deref().unwrap_or_default())
    }

    /// The same metadata, with one key set, or removed by `None`.
    #[must_use]
    pub fn with(mut self, key: &str, value: Option<String>) -> Self {
        self.items.retain(|item| item.key != key);
        if let Some(value) = value {
            let item = MetadataItem {
                key: key.to_owned(),
                value: Some(value),
                ..Default::default()
            };
            self.items.push(item);
        }
        self
    }
}

impl Resource for Instance {
    const COLLECTION: &'static str = "instances";
}

impl Resource for InstanceTemplate {
    const COLLECTION: &'static str = "instanceTemplates";
}

impl Client {
    /// Replaces an instance's metadata. Its fingerprint must be that of the metadata as read, else
    /// Google answers 412.
    pub async fn set_metadata(
        &self,
        scope: &Scope,
        instance: &str,
        metadata: &Metadata,
    ) -> Result<Operation, Error> {
        let path = [Instance::COLLECTION, instance, "setMetadata"];
        let request = self.compute(Method::POST, scope, &path)?;
        let body = serde_json::to_value(metadata).unwrap_or_default();
        self.send(&request.body(body).with_request_id()).await
    }

    /// What an instance has written to its first serial port from a byte on: at most the last mebibyte
    /// of it.
    pub async fn serial_output(
        &self,
        scope: &Scope,
        instance: &str,
        start: u64,
    ) -> Result<SerialPortOutput, Error> {
        let path = [Instance::COLLECTION, instance, "serialPort"];
        let request = self.compute(Method::GET, scope, &path)?;
        self.send(&request.query("start", &start.to_string())).await
    }
}
