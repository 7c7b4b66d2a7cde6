//! The container that an instance's cloud-init starts.

/// What cloud-init's `user-data` says of it, in the form in which FlaskScale writes that: a unit with
/// the image in the variable `IMAGE`, and a file of variables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) image: String,
    pub(super) environment: Vec<(String, String)>,
    pub(super) secrets: Vec<Secret>,
}

/// A variable that is read from Secret Manager before the container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) variable: String,
    pub(super) name: String,
    pub(super) version: u64,
}

/// The unit of FlaskScale's console beside the app, which is told its port as an app is.
const SECOND: &str = "/etc/systemd/system/flaskscale-console.service";
const SECOND_VARIABLES: &str = "/etc/flaskscale/console.env";

/// Where a container listens, as at Google.
const PORT: &str = "PORT";
/// FlaskScale's own image is told where its session key is.
const OWN: &str = "FLASKSCALE_SESSION_KEY_SECRET";

const IMAGE: &str = "Environment=IMAGE=";
const VARIABLES: &str = "/etc/flaskscale/app.env";
/// Reads a secret: what follows is its project, name, version and variable, and a file.
const READS: &str = "ExecStart=/bin/bash /etc/flaskscale/secret ";

impl Container {
    /// `None` if it starts no container that is known by its image.
    pub(super) fn of(user_data: &str) -> Option<Self> {
        let image = user_data
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(IMAGE))?;
        let lines = user_data.lines();
        let read = lines.filter_map(|line| line.trim_start().strip_prefix(READS));
        Some(Self {
            secrets: read.filter_map(Secret::read).collect(),
            ..Self::with_variables(image, user_data, VARIABLES)
        })
    }

    /// The console that it starts beside the app, if it does.
    pub(super) fn second(user_data: &str) -> Option<Self> {
        let mut unit = content(user_data, SECOND);
        let image = unit.find_map(|line| line.strip_prefix(IMAGE))?;
        Some(Self::with_variables(image, user_data, SECOND_VARIABLES))
    }

    fn with_variables(image: &str, user_data: &str, file: &str) -> Self {
        let variables = content(user_data, file).filter_map(|line| line.split_once('='));
        Self {
            image: image.to_owned(),
            environment: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            secrets: Vec::new(),
        }
    }

    /// Where it listens.
    pub(super) fn port(&self) -> Option<u16> {
        self.variable(PORT)?.parse().ok()
    }

    /// Whether it is FlaskScale itself.
    pub(super) fn is_own(&self) -> bool {
        self.variable(OWN).is_some()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.environment.iter();
        let (_, value) = variables.find(|(variable, _)| variable == name)?;
        Some(value)
    }
}

impl Secret {
    fn read(words: &str) -> Option<Self> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [_project, name, version, variable, _file] = words[..] else {
            return None;
        };
        Some(Self {
            variable: variable.to_owned(),
            name: name.to_owned(),
            version: version.parse().ok()?,
        })
    }
}

/// The lines of a file of `write_files`: what is indented deeper than its `content`.
fn content<'a>(user_data: &'a str, path: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!("- path: {path}");
    let mut lines = user_data
        .lines()
        .skip_while(move |line| line.trim_start() != begin)
        .skip_while(|line| line.trim_start() != "content: |");
    let depth = lines.next().map_or(0, indentation);
    lines
        .take_while(move |line| indentation(line) > depth)
        .map(str::trim_start)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const USER_DATA: &str = "\
#cloud-config
write_files:
  - path: /etc/flaskscale/app.env
    permissions: \"0600\"
    content: |
      PORT=5000
      GREETING=a = b
  - path: /etc/systemd/system/flaskscale-prepare.service
    permissions: \"0644\"
    content: |
      [Service]
      ExecStart=/bin/bash /etc/flaskscale/secret demo database-url 3 DATABASE_URL /run/flaskscale/secrets.part
  - path: /etc/systemd/system/flaskscale-app.service
    permissions: \"0644\"
    content: |
      [Service]
      Environment=IMAGE=host/app:1
      ExecStart=/usr/bin/docker run ${IMAGE}
";

    #[test]
    fn the_image_and_its_variables_are_found() {
        let variables = [("PORT", "5000"), ("GREETING", "a = b")];
        let expected = Container {
            image: "host/app:1".to_owned(),
            environment: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            secrets: vec![Secret {
                variable: "DATABASE_URL".to_owned(),
                name: "database-url".to_owned(),
                version: 3,
            }],
        };
        assert_eq!(expected.port(), Some(5000));
        assert!(!expected.is_own());
        assert_eq!(Container::of(USER_DATA), Some(expected));
    }

    #[test]
    fn a_console_beside_it_has_variables_of_its_own() {
        assert_eq!(Container::second(USER_DATA), None);
        let unit = "  - path: /etc/systemd/system/flaskscale-console.service
    content: |
      Environment=IMAGE=host/flaskscale:1
  - path: /etc/flaskscale/console.env
    content: |
      PORT=5001
";
        let both = format!("{USER_DATA}{unit}");
        let second = Container::second(&both).unwrap();
        assert_eq!(
            (&*second.image, second.port()),
            ("host/flaskscale:1", Some(5001))
        );
        assert_eq!(Container::of(&both).unwrap().image, "host/app:1");
    }

    #[test]
    fn other_instructions_start_no_container() {
        for user_data in [
            "",
            "#cloud-config\nruncmd: []\n",
            "#!/bin/sh\ndocker run app\n",
        ] {
            assert_eq!(Container::of(user_data), None, "{user_data}");
        }
    }
}
