//! What a deployment's instances write.
//!
//! Containers' output is in Cloud Logging. Where an instance has nothing there, as one that is still
//! booting, or any in a cloud whose machines have no agent, its serial port has it.

mod entries;
mod port;

use std::collections::HashMap;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use gce::compute::{InstanceGroupManager, ManagedInstance};
use gce::{Client, Error, Scope};
use serde::Serialize;

use self::entries::Entries;
use self::port::Port;
use super::{Kind, Mark};

/// How many serial ports are read side by side.
const PORTS_AT_ONCE: usize = 8;

/// One line. Displays itself: `2026-11-24T03:31:26.123Z web-x1y2: listening`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputLine {
    /// When, in RFC 3339; a serial port does not know.
    pub at: Option<String>,
    /// The instance that wrote it.
    pub instance: String,
    /// `INFO` and the like, where the line says.
    pub severity: Option<String>,
    /// What it says, without the end of the line.
    pub text: String,
}

impl std::fmt::Display for OutputLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at} ")?;
        }
        if let Some(severity) = &self.severity {
            write!(f, "{severity} ")?;
        }
        write!(f, "{}: {}", self.instance, self.text)
    }
}

/// What is new since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The lines of Cloud Logging by time, then those of the serial ports.
    pub lines: Vec<OutputLine>,
    /// There were more than are told; the oldest are missing. Only the first look leaves lines out.
    pub is_cut: bool,
}

/// Why the output cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// No instance of the deployment has this name.
    #[error("{name} is no instance of {deployment}; there are: {}", known.join(", "))]
    UnknownInstance {
        /// What was asked for.
        name: String,
        /// Of which deployment.
        deployment: String,
        /// Which instances there are.
        known: Vec<String>,
    },
    /// A call failed.
    #[error("the cloud does not tell what the instances write")]
    Cloud(#[from] Error),
}

/// A reader that goes on where it ended, and tells each line once.
#[derive(Debug)]
pub struct Output {
    deployment: String,
    instance: Option<String>,
    entries: Entries,
    /// Instances that were ever seen, by id: one that goes may have said more than was read.
    members: HashMap<String, Member>,
}

#[derive(Debug)]
struct Member {
    name: String,
    zone: Scope,
    /// Whether Cloud Logging has anything of it.
    is_logged: bool,
    port: Port,
}

impl Output {
    /// Of all instances, or of one alone, from so many milliseconds of the cloud's time ago.
    pub fn new(deployment: &str, instance: Option<String>, back_ms: i64) -> Self {
        Self {
            deployment: deployment.to_owned(),
            instance,
            entries: Entries::since(back_ms),
            members: HashMap::new(),
        }
    }

    /// What is new. After an error the next call tells what this one did not.
    pub async fn read(&mut self, client: &Client) -> Result<News, OutputError> {
        self.meet(client).await?;
        let ids: Vec<&str> = self.members.keys().map(String::as_str).collect();
        let found = self.entries.read(client, &ids).await?;
        let mut news = News {
            is_cut: found.is_cut,
            ..News::default()
        };
        for entry in found.entries {
            let Some(member) = self.members.get_mut(&entry.instance) else {
                continue;
            };
            member.is_logged = true;
            news.lines.push(OutputLine {
                at: entry.at,
                instance: member.name.clone(),
                severity: entry.severity,
                text: entry.text,
            });
        }
        news.lines.extend(self.ports(client).await?);
        Ok(news)
    }

    /// What serial ports have of lines that are not ended yet, for a reader that does not come back.
    pub fn rest(&mut self) -> Vec<OutputLine> {
        let rest = self.members.values_mut().filter_map(|member| {
            let text = member.port.rest()?;
            Some(port_line(&member.name, text))
        });
        rest.collect()
    }

    /// Learns which instances there are.
    async fn meet(&mut self, client: &Client) -> Result<(), OutputError> {
        let present = instances(client, &self.deployment).await?;
        let is_meant = |name: &str| self.instance.as_deref().is_none_or(|only| only == name);
        let known: Vec<String> = present.iter().map(|one| one.name().to_owned()).collect();
        for instance in present {
            // One without an id does not exist yet, and has said nothing.
            let Some(id) = instance.id.clone().filter(|_| is_meant(instance.name())) else {
                continue;
            };
            self.members.entry(id).or_insert_with(|| Member {
                name: instance.name().to_owned(),
                zone: Scope::of_url(&instance.instance),
                is_logged: false,
                port: Port::default(),
            });
        }
        match &self.instance {
            Some(name) if self.members.is_empty() && !known.contains(name) => {
                Err(OutputError::UnknownInstance {
                    name: name.clone(),
                    deployment: self.deployment.clone(),
                    known,
                })
            }
            _ => Ok(()),
        }
    }

    async fn ports(&mut self, client: &Client) -> Result<Vec<OutputLine>, Error> {
        let unlogged = self.members.values_mut().filter(|member| !member.is_logged);
        let reads = unlogged.map(|member| async move {
            let lines = member.port.read(client, &member.zone, &member.name).await?;
            let line = |text| port_line(&member.name, text);
            Ok::<Vec<OutputLine>, Error>(lines.into_iter().map(line).collect())
        });
        let lines: Vec<Vec<OutputLine>> = stream::iter(reads)
            .buffered(PORTS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(lines.into_iter().flatten().collect())
    }
}

fn port_line(instance: &str, text: String) -> OutputLine {
    OutputLine {
        at: None,
        instance: instance.to_owned(),
        severity: None,
        text,
    }
}

/// The instances of the deployment's groups.
async fn instances(client: &Client, deployment: &str) -> Result<Vec<ManagedInstance>, Error> {
    let mark = Mark::of(deployment);
    let groups: Vec<InstanceGroupManager> = client.aggregated_list().try_collect().await?;
    let ours = groups.iter().filter(|group| {
        let body = serde_json::to_value(group).unwrap_or_default();
        mark.is_on(Kind::Group, &body)
    });
    let listed = ours.map(|group| {
        let instances = client.managed_instances(&group.scope(), &group.name);
        instances.try_collect::<Vec<ManagedInstance>>()
    });
    let listed = try_join_all(listed).await?;
    Ok(listed.into_iter().flatten().collect())
}
