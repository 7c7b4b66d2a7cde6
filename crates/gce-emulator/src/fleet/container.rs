//! The container that an instance's cloud-init starts.

/// What cloud-init's `user-data` says of it, in the form in which FlaskScale writes that: a unit with
/// the image in the variable `IMAGE`, and a file of variables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) image: String,
    pub(super) environment: Vec<(String, String)>,
}

/// Where a container listens, as at Google.
const PORT: &str = "PORT";
/// FlaskScale's own image is told where its session key is.
const OWN: &str = "FLASKSCALE_SESSION_KEY_SECRET";

const IMAGE: &str = "Environment=IMAGE=";
const VARIABLES: &str = "/etc/flaskscale/app.env";

impl Container {
    /// `None` if it starts no container that is known by its image.
    pub(super) fn of(user_data: &str) -> Option<Self> {
        let image = user_data
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(IMAGE))?;
        let variables = content(user_data, VARIABLES).filter_map(|line| line.split_once('='));
        Some(Self {
            image: image.to_owned(),
            environment: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
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
    use super::*;

    const USER_DATA: &str = "\
#cloud-config
write_files:
  - path: /etc/flaskscale/app.env
    permissions: \"0600\"
    content: |
      PORT=5000
      GREETING=a = b
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
        };
        assert_eq!(expected.port(), Some(5000));
        assert!(!expected.is_own());
        assert_eq!(Container::of(USER_DATA), Some(expected));
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
