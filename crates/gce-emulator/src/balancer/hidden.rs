//! Paths that are never served to the outside.

/// Whether a backend could take `path` for `/metrics`: some decode percent signs, some ignore
/// further slashes.
pub(super) fn is_metrics(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next().unwrap_or_default();
    segments.next().is_none() && decoded(first).eq_ignore_ascii_case(b"metrics")
}

/// `text` with its valid percent escapes replaced.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            plain.push(byte);
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_the_metrics_path_gets_through() {
        for path in [
            "/metrics",
            "/metrics/",
            "//metrics",
            "/%6detrics",
            "/%6D%65trics",
            "/METRICS",
        ] {
            assert!(is_metrics(path), "{path}");
        }
        for path in [
            "/",
            "/metric",
            "/metrics/x",
            "/a/metrics",
            "/%",
            "/%zz",
            "/%6",
        ] {
            assert!(!is_metrics(path), "{path}");
        }
    }
}
