//! What an instance runs: the program that stands for its container, the container itself, or the
//! program that every other runs.

use super::{
    container::{Container, Secret},
    record,
};
use crate::{
    containers::{ContainerEngine, split_tag},
    resource::Resource,
};

/// The programs of instances. In arguments and in values of variables `$PORT` is replaced.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment beside the emulator's own.
    pub env: Vec<(String, String)>,
    /// Whether it drills itself; for any other the emulator burns beside it.
    pub own: bool,
    /// Programs that stand for containers.
    pub containers: Vec<Substitute>,
    /// What runs the containers for which no program stands, if their images are on this machine.
    pub engine: Option<ContainerEngine>,
    /// The variables that these programs get from their containers. Whoever may call the API can write a
    /// template, and could have a program load another one by a variable such as `LD_PRELOAD`: so the
    /// names are a matter of whoever starts the cloud.
    pub variables: Vec<String>,
    /// What runs beside a container whose template asks for FlaskScale's console there.
    pub console: Option<Companion>,
}

/// FlaskScale's own image beside another one: this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment beside the emulator's own.
    pub env: Vec<(String, String)>,
    /// The variables that it gets from its container.
    pub variables: Vec<String>,
}

/// A program in the place of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitute {
    /// The container's image: with tag and digest, or without one or both for any.
    pub image: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// What one instance runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program<'a> {
    pub(super) command: &'a [String],
    pub(super) env: Vec<(String, String)>,
    /// What its environment gets beside that.
    pub(super) secrets: Vec<Secret>,
    pub(super) own: bool,
    /// By which port of its machine it is known.
    pub(super) port: Option<u16>,
    /// What runs in its place if the image is here.
    pub(super) container: Option<(ContainerEngine, Container)>,
    /// What runs beside it.
    pub(super) second: Option<SecondProgram<'a>>,
}

/// What runs beside the program of an instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SecondProgram<'a> {
    pub(super) command: &'a [String],
    pub(super) env: Vec<(String, String)>,
    /// By which port of its machine it is known.
    pub(super) port: u16,
}

impl Workload {
    /// The program of an instance.
    pub(super) fn of(&self, instance: Option<&Resource>) -> Program<'_> {
        let user_data = instance.and_then(|it| record::metadata_value(it, "user-data"));
        let Some(container) = user_data.and_then(Container::of) else {
            return self.every_other(None);
        };
        let port = container.port();
        let program = match self.substitute(&container.image) {
            Some(substitute) => self.in_place_of(container, substitute),
            None => self.every_other(Some(container)),
        };
        Program {
            port,
            second: user_data.and_then(|user_data| self.second(user_data)),
            ..program
        }
    }

    fn in_place_of<'a>(&self, container: Container, substitute: &'a Substitute) -> Program<'a> {
        let mut secrets = container.secrets;
        secrets.retain(|secret| self.variables.contains(&secret.variable));
        Program {
            command: &substitute.command,
            env: chosen(container.environment, &self.variables),
            secrets,
            own: false,
            port: None,
            container: None,
            second: None,
        }
    }

    fn second(&self, user_data: &str) -> Option<SecondProgram<'_>> {
        let Companion {
            command,
            env,
            variables,
        } = self.console.as_ref()?;
        let container = Container::second(user_data)?;
        let port = container.port()?;
        let given = chosen(container.environment, variables);
        Some(SecondProgram {
            command,
            env: env.iter().cloned().chain(given).collect(),
            port,
        })
    }

    /// What runs where no program stands for a container. FlaskScale's own image is this program.
    fn every_other(&self, container: Option<Container>) -> Program<'_> {
        let container = container.filter(|it| !(self.own && it.is_own()));
        Program {
            command: &self.command,
            env: self.env.clone(),
            secrets: Vec::new(),
            own: self.own,
            port: None,
            container: self.engine.zip(container),
            second: None,
        }
    }

    /// The one that says most of the image's name comes first.
    fn substitute(&self, image: &str) -> Option<&Substitute> {
        let named = |name: &str| self.containers.iter().find(|it| it.image == name);
        let tagged = || named(without_digest(image));
        named(image).or_else(tagged).or_else(|| named(bare(image)))
    }
}

impl Substitute {
    /// For whatever tag and digest of an image.
    pub fn for_any_version(image: &str, command: Vec<String>) -> Self {
        Self {
            image: bare(image).to_owned(),
            command,
        }
    }
}

/// Those variables of a container that its substitute gets.
fn chosen(given: Vec<(String, String)>, names: &[String]) -> Vec<(String, String)> {
    let mut given = given;
    given.retain(|(name, _)| names.contains(name));
    given
}

fn without_digest(image: &str) -> &str {
    image.split_once('@').map_or(image, |(tagged, _)| tagged)
}

fn bare(image: &str) -> &str {
    split_tag(without_digest(image)).0
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::resource::{Key, Kind};

    #[test]
    fn a_program_gets_those_variables_of_its_container_that_its_owner_named() {
        let user_data = "  - path: /etc/flaskscale/app.env\n    content: |\n      GREETING=hello\n      \
                         LD_PRELOAD=/tmp/x.so\n  - path: unit\n    content: |\n      \
                         Environment=IMAGE=web:1\n";
        let metadata = json!({"items": [{"key": "user-data", "value": user_data}]});
        let body = Map::from_iter([("metadata".to_owned(), metadata)]);
        let instance = Resource::new(Key::zonal(Kind::Instance, "us-central1-a", "web-1"), body);
        let workload = Workload {
            command: vec!["other".to_owned()],
            containers: vec![Substitute::for_any_version(
                "web:1",
                vec!["serve".to_owned()],
            )],
            variables: vec!["GREETING".to_owned()],
            ..Workload::default()
        };
        let program = workload.of(Some(&instance));
        assert_eq!(program.command, ["serve"]);
        assert_eq!(program.env, [("GREETING".to_owned(), "hello".to_owned())]);
        assert_eq!(workload.of(None).command, ["other"]);
    }

    #[test]
    fn the_substitute_that_says_most_of_the_name_is_chosen() {
        let substitute = |image: &str| Substitute {
            image: image.to_owned(),
            command: vec![image.to_owned()],
        };
        let workload = Workload {
            containers: ["host:5000/web", "host:5000/web:2", "web:1@sha256:a"]
                .map(substitute)
                .to_vec(),
            ..Workload::default()
        };
        for (image, expected) in [
            ("host:5000/web:1", Some("host:5000/web")),
            ("host:5000/web", Some("host:5000/web")),
            ("host:5000/web:2", Some("host:5000/web:2")),
            ("host:5000/web:2@sha256:b", Some("host:5000/web:2")),
            ("web:1@sha256:a", Some("web:1@sha256:a")),
            ("web:1@sha256:b", None),
            ("host:5000/web/other:1", None),
        ] {
            let found = workload.substitute(image).map(|it| it.image.as_str());
            assert_eq!(found, expected, "{image}");
        }
    }
}
