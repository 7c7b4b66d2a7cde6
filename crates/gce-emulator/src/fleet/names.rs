//! The names of instances: the group's base, a dash, and four characters.

const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A name that is not taken yet.
pub(super) fn instance_name(base: &str, taken: impl Fn(&str) -> bool) -> String {
    loop {
        let suffix: [u8; 4] =
            std::array::from_fn(|_| CHARACTERS[rand::random_range(0..CHARACTERS.len())]);
        let name = format!(
            "{base}-{}",
            suffix.map(char::from).iter().collect::<String>()
        );
        if !taken(&name) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_is_not_given_again() {
        let first = instance_name("web", |_| false);
        assert_eq!(first.len(), "web-".len() + 4);
        assert!(first.starts_with("web-"));
        assert_ne!(instance_name("web", |name| name == first), first);
    }
}
