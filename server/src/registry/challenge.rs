//! What a registry wants before it answers: `WWW-Authenticate` (RFC 9110, section 11.6.1).

/// How to prove who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With a token, which the server at `realm` gives out.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
    /// With name and password.
    Basic,
}

impl Challenge {
    /// Reads one challenge; `None` where it is of another scheme.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let named = |wanted: &str| {
            let mut all = parameters.iter();
            let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.clone())
        };
        Some(Self::Bearer {
            realm: named("realm")?,
            service: named("service"),
            scope: named("scope"),
        })
    }
}

/// `name="value", name=value`; a scope has commas within its quotes.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_owned();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        parameters.push((name, value.trim().to_owned()));
        text = rest;
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_server_is_found_with_what_it_wants_to_hear() {
        let header = r#"Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.example/token".to_owned(),
            service: Some("registry".to_owned()),
            scope: Some("repository:a/b:pull,push".to_owned()),
        };
        assert_eq!(Challenge::parse(header), Some(expected));
    }

    #[test]
    fn names_are_of_any_case_and_quotes_may_be_missing() {
        let expected = Challenge::Bearer {
            realm: "http://127.0.0.1:1/t".to_owned(),
            service: Some("r".to_owned()),
            scope: None,
        };
        let header = "bearer Realm=http://127.0.0.1:1/t, SERVICE=r";
        assert_eq!(Challenge::parse(header), Some(expected));
        assert_eq!(
            Challenge::parse("BASIC realm=\"x\""),
            Some(Challenge::Basic)
        );
    }

    #[test]
    fn what_names_no_server_leads_nowhere() {
        for header in [
            "",
            "Bearer",
            "Bearer service=\"r\"",
            "Digest realm=\"x\"",
            "Bearer realm",
        ] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
