//! Comparing resources by URL, whatever its spelling.

/// The part of a URL that says which resource it is within its project. The project itself stays out:
/// Google writes it by id in one place and by number in another.
pub(crate) fn within_project(url: &str) -> &str {
    let relative = gce::relative(url);
    match relative
        .strip_prefix("projects/")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((_project, rest)) => rest,
        None => relative,
    }
}

/// Whether two URLs name the same resource of this project.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    within_project(one) == within_project(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_may_be_written_by_id_or_by_number() {
        let one = "https://www.googleapis.com/compute/v1/projects/web-1/zones/z/instances/i";
        assert!(is_same(one, "projects/123456/zones/z/instances/i"));
        assert!(is_same(one, "zones/z/instances/i"));
        assert!(!is_same(one, "projects/web-1/zones/y/instances/i"));
    }
}
