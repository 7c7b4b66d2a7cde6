use std::fmt;
use std::str::FromStr;

use gce::Scope;
use serde::{Deserialize, Serialize};

/// Where a group lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// One zone.
    Zone(String),
    /// One region, its instances spread over its zones.
    Region(String),
}

impl Location {
    /// The zone's or the region's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Zone(name) | Self::Region(name) => name,
        }
    }

    /// The region's name; a zone's is its own up to the last hyphen.
    pub(crate) fn region(&self) -> &str {
        match self {
            Self::Region(region) => region,
            Self::Zone(zone) => zone.rsplit_once('-').map_or(zone, |(region, _)| region),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Zone(zone) => Scope::Zone(zone.clone()),
            Self::Region(region) => Scope::Region(region.clone()),
        }
    }

    pub(crate) fn of_scope(scope: &Scope) -> Option<Self> {
        match scope {
            Scope::Zone(zone) => Some(Self::Zone(zone.clone())),
            Scope::Region(region) => Some(Self::Region(region.clone())),
            Scope::Global => None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A managed instance group, written `us-central1-a/flaskscale`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GroupId {
    /// Where it lives.
    pub location: Location,
    /// Its name, unique there.
    pub name: String,
}

/// The text is not `LOCATION/NAME` in Google's alphabet for names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a group: write it as us-central1-a/name")]
pub struct InvalidGroupId(String);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.location, self.name)
    }
}

impl FromStr for GroupId {
    type Err = InvalidGroupId;

    /// Names hold only letters, digits and hyphens, so an id from a URL can go into a filter as it is.
    fn from_str(text: &str) -> Result<Self, InvalidGroupId> {
        let invalid = || InvalidGroupId(text.to_owned());
        let (place, name) = text.split_once('/').ok_or_else(invalid)?;
        if !is_name(place) || !is_name(name) {
            return Err(invalid());
        }
        Ok(Self {
            location: location(place),
            name: name.to_owned(),
        })
    }
}

impl TryFrom<String> for GroupId {
    type Error = InvalidGroupId;

    fn try_from(text: String) -> Result<Self, InvalidGroupId> {
        text.parse()
    }
}

impl From<GroupId> for String {
    fn from(id: GroupId) -> Self {
        id.to_string()
    }
}

/// A region is `us-central1`, a zone has one hyphen more: `us-central1-a`, `us-central1-ai1a`.
fn location(place: &str) -> Location {
    if place.matches('-').count() > 1 {
        Location::Zone(place.to_owned())
    } else {
        Location::Region(place.to_owned())
    }
}

pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_group_is_written_as_it_is_read() {
        for text in [
            "us-central1-a/web",
            "us-central1/web",
            "us-central1-ai1a/web-2",
        ] {
            assert_eq!(text.parse::<GroupId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn zones_and_regions_are_told_apart() {
        let zone: GroupId = "us-central1-a/web".parse().unwrap();
        assert_eq!(zone.location, Location::Zone("us-central1-a".to_owned()));
        let region: GroupId = "europe-west1/web".parse().unwrap();
        assert_eq!(region.location, Location::Region("europe-west1".to_owned()));
    }

    #[test]
    fn what_is_no_name_is_no_group() {
        for text in [
            "",
            "web",
            "/web",
            "z-1-a/",
            "z-1-a/We\"b",
            "a/b/c",
            "z-1-a/..",
        ] {
            assert!(text.parse::<GroupId>().is_err(), "{text}");
        }
    }
}
