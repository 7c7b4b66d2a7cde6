//! Which instance this is, as its metadata server tells it.

use app::InstanceIdentity;
use control_plane::{GroupId, Location};

use crate::metadata::Metadata;

/// Asks the metadata server. A program outside a cloud is called after its process.
pub(crate) async fn learn(metadata: Option<&Metadata>) -> InstanceIdentity {
    let Some(metadata) = metadata else {
        return outside();
    };
    let Some(name) = metadata.value("instance/name").await else {
        return outside();
    };
    let zone = metadata.value("instance/zone").await.unwrap_or_default();
    let creator = metadata.value("instance/attributes/created-by").await;
    InstanceIdentity {
        name,
        zone: last_segment(&zone).to_owned(),
        group: creator.and_then(|creator| group_of(&creator)),
    }
}

fn outside() -> InstanceIdentity {
    InstanceIdentity {
        name: format!("process-{}", std::process::id()),
        zone: String::new(),
        group: None,
    }
}

/// `projects/1/zones/us-central1-a/instanceGroupManagers/web`, with any host in front.
fn group_of(creator: &str) -> Option<GroupId> {
    let mut segments = creator.rsplit('/');
    let name = segments.next()?.to_owned();
    if segments.next()? != "instanceGroupManagers" {
        return None;
    }
    let place = segments.next()?.to_owned();
    let location = match segments.next()? {
        "zones" => Location::Zone(place),
        "regions" => Location::Region(place),
        _ => return None,
    };
    Some(GroupId { location, name })
}

/// The name at the end of a path.
pub(crate) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_read_from_the_creator() {
        let zonal = GroupId {
            location: Location::Zone("us-central1-a".to_owned()),
            name: "web".to_owned(),
        };
        assert_eq!(
            group_of("projects/1/zones/us-central1-a/instanceGroupManagers/web"),
            Some(zonal)
        );
        let regional = GroupId {
            location: Location::Region("us-central1".to_owned()),
            name: "web".to_owned(),
        };
        assert_eq!(
            group_of("projects/1/regions/us-central1/instanceGroupManagers/web"),
            Some(regional)
        );
        assert_eq!(group_of("projects/1/zones/a/instances/web"), None);
        assert_eq!(group_of(""), None);
    }
}
