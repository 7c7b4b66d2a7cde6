//! What a Dockerfile says of the app in it.

/// The port and the health path of a Dockerfile's last stage, as far as it says them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dockerfile {
    pub(super) port: Option<u16>,
    pub(super) health_path: Option<String>,
}

impl Dockerfile {
    /// Reads the instructions EXPOSE and HEALTHCHECK. A later stage's count, since it is the image.
    pub(super) fn read(text: &str) -> Self {
        let mut found = Self::default();
        for instruction in instructions(text) {
            let (word, rest) = instruction
                .split_once(char::is_whitespace)
                .unwrap_or((&instruction, ""));
            match word.to_ascii_uppercase().as_str() {
                "FROM" => found = Self::default(),
                "EXPOSE" => found.port = found.port.or_else(|| port(rest)),
                "HEALTHCHECK" => found.health_path = path_of_url(rest),
                _ => {}
            }
        }
        found
    }
}

/// Lines that end in a backslash go on; comments and empty lines are none.
fn instructions(text: &str) -> Vec<String> {
    let mut instructions = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => open.extend([part, " "]),
            None => instructions.push(std::mem::take(&mut open) + line),
        }
    }
    instructions
}

/// `EXPOSE 5000/tcp 9090`: the first that is TCP. A port in a variable is not known here.
fn port(rest: &str) -> Option<u16> {
    rest.split_whitespace().find_map(|word| {
        let (port, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
        let port = port.parse().ok().filter(|port| *port > 0);
        port.filter(|_| protocol.eq_ignore_ascii_case("tcp"))
    })
}

/// The path of the first URL in a command: `curl -f http://localhost:5000/health || exit 1`.
fn path_of_url(command: &str) -> Option<String> {
    let (_, url) = command.split_once("http://")?;
    let url = url.split([' ', '"', '\'', ')', ',', ';']).next()?;
    let (_, path) = url.split_once('/')?;
    Some(format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_says_its_port_and_its_health_path() {
        for (text, port, path) in [
            ("FROM a\nEXPOSE 5000\n", Some(5000), None),
            ("from a\nexpose 53/udp 8080/tcp\n", Some(8080), None),
            ("FROM a\nEXPOSE $PORT\n", None, None),
            ("FROM a\nEXPOSE 1\nFROM b\nEXPOSE 2\n", Some(2), None),
            ("FROM a\nEXPOSE 9\nFROM b\n", None, None),
            (
                "FROM a\n# HEALTHCHECK CMD http://x/no\nHEALTHCHECK --interval=5s \\\n  CMD curl -f http://localhost:5000/healthz || exit 1\n",
                None,
                Some("/healthz"),
            ),
            (
                "FROM a\nHEALTHCHECK CMD [\"wget\", \"-q\", \"http://127.0.0.1:80/up?x=1\"]\n",
                None,
                Some("/up?x=1"),
            ),
            ("FROM a\nHEALTHCHECK NONE\n", None, None),
        ] {
            let expected = Dockerfile {
                port,
                health_path: path.map(str::to_owned),
            };
            assert_eq!(Dockerfile::read(text), expected, "{text}");
        }
    }
}
