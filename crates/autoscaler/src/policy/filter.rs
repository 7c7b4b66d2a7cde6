//! The part of the Monitoring filter language that an autoscaler may use.

/// Comparisons `name = "value"` joined by `AND`; an empty filter is one without comparisons.
pub(super) fn is_simple_filter(filter: &str) -> bool {
    let mut rest = filter.trim();
    if rest.is_empty() {
        return true;
    }
    loop {
        let Some(after) = after_comparison(rest) else {
            return false;
        };
        rest = after.trim_start();
        if rest.is_empty() {
            return true;
        }
        match rest
            .strip_prefix("AND")
            .filter(|after| after.starts_with(char::is_whitespace))
        {
            Some(after) => rest = after.trim_start(),
            None => return false,
        }
    }
}

fn after_comparison(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('=')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let name = name.trim_end();
    if name.is_empty() || name.starts_with("metadata") || !name.chars().all(fits) {
        return None;
    }
    let (_value, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::is_simple_filter;

    #[test]
    fn comparisons_joined_by_and_are_simple() {
        for filter in [
            "",
            r#"resource.type = "global""#,
            r#"metric.labels.queue="a OR b"   AND resource.type="generic_task""#,
        ] {
            assert!(is_simple_filter(filter), "{filter}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for filter in [
            "queue",
            "a = b",
            r#"a = "b"#,
            r#"a != "b""#,
            r#"a = "b" OR c = "d""#,
            r#"a = "b" AND"#,
            r#"a = "b" ANDc = "d""#,
            r#"a = starts_with("b")"#,
            r#"= "b""#,
            r#"metadata.user_labels.x = "b""#,
        ] {
            assert!(!is_simple_filter(filter), "{filter}");
        }
    }
}
