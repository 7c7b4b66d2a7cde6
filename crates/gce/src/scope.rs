use std::fmt;

/// Where a Compute resource lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The whole project.
    Global,
    /// One zone, by name.
    Zone(String),
    /// One region, by name.
    Region(String),
}

impl Scope {
    /// The scope of a resource, read from its URL or from the key of an aggregated list.
    pub fn of_url(url: &str) -> Self {
        let mut segments = relative(url).split('/');
        while let Some(segment) = segments.next() {
            match (segment, segments.next()) {
                ("zones", Some(zone)) => return Self::Zone(zone.to_owned()),
                ("regions", Some(region)) => return Self::Region(region.to_owned()),
                _ => {}
            }
        }
        Self::Global
    }
}

impl fmt::Display for Scope {
    /// As a path below the project: `zones/us-central1-a`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Zone(zone) => write!(f, "zones/{zone}"),
            Self::Region(region) => write!(f, "regions/{region}"),
        }
    }
}

/// The part of a resource's URL that all its spellings share: Google answers with
/// `https://www.googleapis.com/compute/v1/projects/…`, clients send other hosts, or no host at all.
pub fn relative(url: &str) -> &str {
    match url.find("projects/") {
        Some(0) => url,
        Some(at) if url.as_bytes()[at - 1] == b'/' => &url[at..],
        _ => url,
    }
}

/// The last segment of a resource's URL, which is its name.
pub fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_reference_is_one_resource() {
        let path = "projects/p/zones/z/instanceGroupManagers/m";
        for url in [
            "projects/p/zones/z/instanceGroupManagers/m",
            "http://127.0.0.1:8085/compute/v1/projects/p/zones/z/instanceGroupManagers/m",
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroupManagers/m",
        ] {
            assert_eq!(relative(url), path);
            assert_eq!(name_of(url), "m");
            assert_eq!(Scope::of_url(url), Scope::Zone("z".to_owned()));
        }
    }

    #[test]
    fn the_key_of_an_aggregated_list_is_a_scope() {
        assert_eq!(Scope::of_url("regions/r"), Scope::Region("r".to_owned()));
        assert_eq!(Scope::of_url("global"), Scope::Global);
    }
}
