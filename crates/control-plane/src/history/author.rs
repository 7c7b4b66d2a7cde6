/// An author as people call them: the account's name of a service account, whose address is long and
/// mostly says that it is one; anybody else as they are.
pub fn short_name(author: &str) -> &str {
    match author.split_once('@') {
        Some((name, domain)) if domain.ends_with(".gserviceaccount.com") && !name.is_empty() => {
            name
        }
        _ => author,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_goes_by_its_name_and_a_person_by_the_whole_address() {
        let cases = [
            ("deploy@shop-1.iam.gserviceaccount.com", "deploy"),
            ("42-compute@developer.gserviceaccount.com", "42-compute"),
            ("ann@example.com", "ann@example.com"),
            ("ann@notgserviceaccount.com", "ann@notgserviceaccount.com"),
            ("@x.gserviceaccount.com", "@x.gserviceaccount.com"),
            ("admin", "admin"),
        ];
        for (author, name) in cases {
            assert_eq!(short_name(author), name);
        }
    }
}
