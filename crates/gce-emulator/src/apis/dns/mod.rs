//! Cloud DNS v1: managed zones, their record sets, and changes of these. Nothing is served on port 53:
//! the records are what certificates and clients of this API look at.

mod changes;
mod records;
mod zones;

use serde_json::{Value, json};

pub(crate) use self::records::of as records_of;
use super::{Asked, engine, not_emulated};
use crate::{
    api::Cloud,
    compute::call::Call,
    error::ApiError,
    resource::{Key, Kind, PROJECT_NUMBER, Scope},
};

pub(super) async fn answer(cloud: &Cloud, asked: &Asked, call: Call) -> Result<Value, ApiError> {
    let mut answer = match (asked.collection, asked.verb.as_str()) {
        ("projects", "get") => json!({"kind": "dns#project", "number": PROJECT_NUMBER,
            "id": cloud.store().project()}),
        ("managedZones", "list" | "get" | "create" | "delete") => {
            engine::answer(cloud, &zones::ROW, Scope::Global, asked, call).await?
        }
        ("resourceRecordSets", _) => {
            let zone = zone(cloud, asked)?;
            records::answer(cloud, &zone, asked, call).await?
        }
        ("changes", _) => {
            let zone = zone(cloud, asked)?;
            changes::answer(cloud, &zone, asked, call).await?
        }
        _ => return Err(not_emulated(asked)),
    };
    if asked.verb == "list" {
        answer["kind"] = json!(format!("dns#{}ListResponse", asked.collection));
    }
    Ok(answer)
}

/// The zone of a path, which must be there.
fn zone(cloud: &Cloud, asked: &Asked) -> Result<Zone, ApiError> {
    let name = asked.names.get(1).cloned().unwrap_or_default();
    let key = Key::global(Kind::ManagedZone, name.as_str());
    let found = engine::find(cloud, &zones::ROW, &key)?;
    let domain = found.text("dnsName").unwrap_or_default().to_owned();
    Ok(Zone { name, domain })
}

/// A zone's own name, and the domain that it answers for, with its dot at the end.
#[derive(Clone, Debug)]
struct Zone {
    name: String,
    domain: String,
}

impl Zone {
    /// Whether a name with a dot at its end lies in the zone.
    fn holds(&self, name: &str) -> bool {
        name == self.domain || name.ends_with(&format!(".{}", self.domain))
    }
}
