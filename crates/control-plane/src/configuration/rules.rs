//! What a setting may hold: a reader, and the words for what it accepts.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::Secret;

type Read<T> = Box<dyn Fn(&DeValue<'_>) -> Option<T>>;

/// What a setting must be, in words that complete "it must be", and how to read it.
pub(super) struct Rule<T> {
    pub(super) expectation: String,
    pub(super) read: Read<T>,
}

impl<T> Rule<T> {
    fn new(
        expectation: impl Into<String>,
        read: impl Fn(&DeValue<'_>) -> Option<T> + 'static,
    ) -> Self {
        Self {
            expectation: expectation.into(),
            read: Box::new(read),
        }
    }
}

pub(super) fn integer(range: RangeInclusive<u32>) -> Rule<u32> {
    let expectation = format!("a whole number from {} to {}", range.start(), range.end());
    Rule::new(expectation, move |value| {
        let number = value.as_integer()?;
        let number = u32::from_str_radix(number.as_str(), number.radix()).ok()?;
        range.contains(&number).then_some(number)
    })
}

pub(super) fn port() -> Rule<u16> {
    let Rule { expectation, read } = integer(1..=65_535);
    Rule::new(expectation, move |value| u16::try_from(read(value)?).ok())
}

/// A whole number counts, since 1 is what one writes for all of it.
pub(super) fn fraction() -> Rule<f64> {
    Rule::new("a number above 0 and at most 1", |value| {
        let text = match value {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) => number.as_str(),
            _ => return None,
        };
        let number: f64 = text.parse().ok()?;
        (number > 0.0 && number <= 1.0).then_some(number)
    })
}

pub(super) fn boolean() -> Rule<bool> {
    Rule::new("true or false", |value| match value {
        DeValue::Boolean(value) => Some(*value),
        _ => None,
    })
}

pub(super) fn list<T: 'static>(item: Rule<T>) -> Rule<Vec<T>> {
    let expectation = format!("a list, not empty, in which each is {}", item.expectation);
    Rule::new(expectation, move |value| {
        let items = value.as_array()?.iter();
        let read: Option<Vec<T>> = items.map(|value| (item.read)(value.get_ref())).collect();
        read.filter(|items| !items.is_empty())
    })
}

fn text(expectation: &str, is_allowed: impl Fn(&str) -> bool + 'static) -> Rule<String> {
    Rule::new(expectation, move |value| {
        let text = value.as_str()?;
        is_allowed(text).then(|| text.to_owned())
    })
}

/// The longest name whose longest derived name, a service account's with `-vm`, Google takes.
const LONGEST_NAME: usize = 27;

/// The name of a deployment, from which all others are made.
pub(super) fn name() -> Rule<String> {
    text(
        "3 to 27 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        |name| (3..=LONGEST_NAME).contains(&name.len()) && is_resource_name(name),
    )
}

pub(super) fn resource_name() -> Rule<String> {
    text(
        "1 to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        is_resource_name,
    )
}

/// Google's rule for names (RFC 1035).
fn is_resource_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(is_label_byte)
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

pub(super) fn project() -> Rule<String> {
    text("a project's id, as in \"my-project-123\"", |project| {
        // Old projects belong to a domain: example.com:project.
        let id = project.rsplit(':').next().unwrap_or_default();
        project.len() <= 63 && id.len() >= 4 && is_resource_name(id)
    })
}

pub(super) fn region() -> Rule<String> {
    text("a region, as in \"us-central1\"", |region| {
        region.matches('-').count() == 1 && is_resource_name(region)
    })
}

pub(super) fn zone() -> Rule<String> {
    text("a zone, as in \"us-central1-a\"", |zone| {
        zone.matches('-').count() == 2 && is_resource_name(zone)
    })
}

/// A container image. The characters are those that stand for themselves in a unit file and a shell.
pub(super) fn image() -> Rule<String> {
    text(
        "a container image, as in \"us-central1-docker.pkg.dev/PROJECT/REPOSITORY/app:TAG\"",
        is_image,
    )
}

/// Whether a text can be the reference of a container image.
pub fn is_image(image: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"./:@-_".contains(&byte);
    (1..=512).contains(&image.len())
        && image.starts_with(|first: char| first.is_ascii_alphanumeric())
        && image.bytes().all(allowed)
}

pub(super) fn boot_image() -> Rule<String> {
    text(
        "an image, as in \"projects/cos-cloud/global/images/family/cos-125-lts\"",
        |image| {
            let parts: Vec<&str> = image.split('/').collect();
            let is_path = |part: &&str| !part.is_empty() && !part.contains(char::is_whitespace);
            parts.len() >= 5 && parts[0] == "projects" && parts.iter().all(is_path)
        },
    )
}

/// A file of the configuration's folder or below it.
pub(super) fn file_below() -> Rule<String> {
    text(
        "a path below this file's folder, as in \"Dockerfile\"",
        |path| {
            let is_name = |part: &str| !part.is_empty() && part != ".." && !part.contains('\0');
            path.split('/').all(is_name) && !path.starts_with('-')
        },
    )
}

/// A path of an HTTP request, without what only browsers make of one.
pub(super) fn path() -> Rule<String> {
    text("a path that begins with /, as in \"/health\"", |path| {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        path.starts_with('/') && path.len() <= 1024 && path.bytes().all(allowed)
    })
}

pub(super) fn domain() -> Rule<String> {
    text(
        "a host name in lower case, as in \"app.example.com\", without a wildcard",
        |domain| {
            let label = |label: &str| {
                (1..=63).contains(&label.len())
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(is_label_byte)
            };
            domain.contains('.') && domain.len() <= 253 && domain.split('.').all(label)
        },
    )
}

pub(super) fn service_account() -> Rule<String> {
    text(
        "the e-mail address of a service account, as in \"web-vm@my-project.iam.gserviceaccount.com\"",
        |email| {
            let allowed = |byte: u8| is_label_byte(byte) || byte == b'.' || byte == b':';
            email.split_once('@').is_some_and(|(account, domain)| {
                !account.is_empty()
                    && domain.contains('.')
                    && account.bytes().chain(domain.bytes()).all(allowed)
            })
        },
    )
}

/// Somebody who may be given a role (IAM, Binding). `allUsers` would undo what a proxy is for.
pub(super) fn member() -> Rule<String> {
    text(
        "a member as IAM spells it: \"user:…\", \"group:…\", \"serviceAccount:…\" or \"domain:…\"",
        |member| {
            let Some((kind, name)) = member.split_once(':') else {
                return false;
            };
            let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
            let is_domain = |name: &str| name.contains('.') && !name.contains('@');
            let is_email = name
                .split_once('@')
                .is_some_and(|(who, domain)| !who.is_empty() && is_domain(domain));
            is_plain
                && match kind {
                    "user" | "group" | "serviceAccount" => is_email,
                    "domain" => is_domain(name),
                    _ => false,
                }
        },
    )
}

pub(super) fn label_value() -> Rule<String> {
    text(
        "at most 63 lower-case letters, digits, hyphens and underscores",
        |value| {
            value.len() <= 63
                && value
                    .bytes()
                    .all(|byte| is_label_byte(byte) || byte == b'_')
        },
    )
}

/// Why a label cannot have a name, if it cannot.
pub(super) fn label_name(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| is_label_byte(byte) || byte == b'_';
    if name == "flaskscale" {
        return Some("it is the mark of what belongs to a deployment");
    }
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
    let is_name = starts && name.len() <= 63 && name.bytes().all(allowed);
    (!is_name).then_some(
        "a label is 1 to 63 lower-case letters, digits, hyphens and underscores, a letter first",
    )
}

/// A value of the environment. A file of an environment has one line for each.
pub(super) fn environment_value() -> Rule<String> {
    text(
        "a text in quotes of at most 32768 characters, without line breaks",
        |value| value.len() <= 32_768 && !value.contains(ends_a_line),
    )
}

/// Also what only YAML 1.1, in which the instance is told, takes for the end of a line or for no text.
fn ends_a_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// Why a variable cannot have a name, if it cannot.
pub(super) fn variable_name(name: &str) -> Option<&'static str> {
    match name {
        "PORT" => return Some("app.port says it"),
        "FLASKSCALE_PROXY" => return Some("the load balancer's presence says it"),
        _ => {}
    }
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = starts && name.bytes().all(allowed);
    (!is_name).then_some("a variable is letters, digits and underscores, no digit first")
}

/// A secret with its version. `latest` is refused: an instance that starts tomorrow must get what its
/// template was released with, and a rollback the secret that went with it.
pub(super) fn secret() -> Rule<Secret> {
    Rule::new(
        "a secret and the number of its version, as in \"database-url/3\"",
        |value| {
            let (name, version) = value.as_str()?.split_once('/')?;
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            let is_name = (1..=255).contains(&name.len()) && name.bytes().all(allowed);
            let version = version.parse().ok().filter(|version| *version > 0);
            Some(Secret {
                name: is_name.then(|| name.to_owned())?,
                version: version?,
            })
        },
    )
}
