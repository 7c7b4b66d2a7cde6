//! A script of `gcloud` commands.

mod beside;

use std::fmt::Write as _;

use gce::{Scope, name_of};
use serde_json::{Value, json};

use crate::deployment::Blueprint;
use crate::deployment::part::{Kind, Part};

/// The script, for a POSIX shell. It stops at the first command that fails.
pub(super) fn script(blueprint: &Blueprint, parts: &[Part]) -> String {
    let (name, project) = (&blueprint.name, &blueprint.project);
    let mut script = format!(
        "\
#!/bin/sh
# The deployment {name} by itself, as gcloud makes it in a project that has nothing of it.
# It needs the gcloud component `beta`, for the whole policy of an autoscaler at once.
set -eu
export CLOUDSDK_CORE_PROJECT={}
export CLOUDSDK_CORE_DISABLE_PROMPTS=1
files=$(mktemp -d)
trap 'rm -rf \"$files\"' EXIT
",
        quoted(project)
    );
    for part in parts {
        script.push('\n');
        for line in lines(part, blueprint) {
            script.push_str(&line.text());
        }
    }
    script
}

/// One line of the script: a file that a command reads, a command, or what its reader should know.
enum Line {
    Comment(String),
    File { name: String, content: String },
    Command(Vec<String>),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Comment(text) => format!("# {text}\n"),
            Self::File { name, content } => {
                format!("printf '%s' {} > \"$files/{name}\"\n", quoted(content))
            }
            Self::Command(words) => format!("gcloud {}\n", words.join(" \\\n    ")),
        }
    }
}

/// A command's words: what it does to what, and its flags.
struct Command(Vec<String>);

impl Command {
    fn new(part: &Part, verb: &str) -> Self {
        let command = Self(vec![format!("{verb} {}", part.id.name)]);
        match &part.id.scope {
            Scope::Global if part.id.kind == Kind::Template || part.id.kind == Kind::Firewall => {
                command
            }
            Scope::Global => command.bare("global"),
            Scope::Region(region) => command.flag("region", region),
            Scope::Zone(zone) => command.flag("zone", zone),
        }
    }

    /// One that needs no place.
    fn on(verb: &str, what: &str) -> Self {
        Self(vec![format!("{verb} {}", quoted(what))])
    }

    /// One that makes the part, with its mark.
    fn making(part: &Part, verb: &str) -> Self {
        match part.body["description"].as_str() {
            Some(description) => Self::new(part, verb).flag("description", description),
            None => Self::new(part, verb),
        }
    }

    fn bare(mut self, flag: &str) -> Self {
        self.0.push(format!("--{flag}"));
        self
    }

    fn flag(mut self, flag: &str, value: &str) -> Self {
        self.0.push(format!("--{flag}={}", quoted(value)));
        self
    }

    /// Nothing where the value is `null`.
    fn value(self, flag: &str, value: &Value) -> Self {
        match value {
            Value::Null => self,
            Value::String(text) => self.flag(flag, text),
            other => self.flag(flag, &other.to_string()),
        }
    }

    /// What a URL refers to, by its name.
    fn reference(self, flag: &str, url: &Value) -> Self {
        match url.as_str() {
            Some(url) => self.flag(flag, name_of(url)),
            None => self,
        }
    }

    fn list(self, flag: &str, items: &Value) -> Self {
        let items = items.as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(Value::as_str).map(name_or_text).collect();
        if items.is_empty() {
            return self;
        }
        self.flag(flag, &items.join(","))
    }

    /// A file of the script's.
    fn file(mut self, flag: &str, name: &str) -> Self {
        self.0.push(format!("--{flag}=\"$files/{name}\""));
        self
    }

    /// What another command prints.
    fn output(mut self, flag: &str, command: &str) -> Self {
        self.0.push(format!("--{flag}=\"$(gcloud {command})\""));
        self
    }

    fn line(self) -> Line {
        Line::Command(self.0)
    }
}

/// A URL by the name in it; anything else, as an address range with its slash, as it is.
fn name_or_text(text: &str) -> &str {
    if text.starts_with("https://") {
        return name_of(text);
    }
    text
}

fn lines(part: &Part, blueprint: &Blueprint) -> Vec<Line> {
    match part.id.kind {
        Kind::Api
        | Kind::ServiceAccount
        | Kind::Role
        | Kind::Repository
        | Kind::Secret
        | Kind::Grant
        | Kind::Access
        | Kind::Record => beside::lines(part, blueprint),
        Kind::Address => vec![address(part)],
        Kind::Firewall => vec![firewall(part)],
        Kind::HealthCheck => vec![health_check(part)],
        Kind::Certificate => vec![certificate(part)],
        Kind::Template => template(part),
        Kind::Group => group(part),
        Kind::Autoscaler => autoscaler(part),
        Kind::BackendService => backend_service(part),
        Kind::UrlMap => url_map(part),
        Kind::Proxy => vec![proxy(part, "compute target-http-proxies create").line()],
        Kind::SecureProxy => vec![
            proxy(part, "compute target-https-proxies create")
                .list("ssl-certificates", &part.body["sslCertificates"])
                .bare("global-ssl-certificates")
                .line(),
        ],
        Kind::ForwardingRule => vec![forwarding_rule(part)],
    }
}

fn address(part: &Part) -> Line {
    Command::making(part, "compute addresses create")
        .value("ip-version", &part.body["ipVersion"])
        .value("network-tier", &part.body["networkTier"])
        .line()
}

fn firewall(part: &Part) -> Line {
    let Part { body, .. } = part;
    let allowed = &body["allowed"][0];
    let protocol = allowed["IPProtocol"].as_str().unwrap_or_default();
    let ports = allowed["ports"].as_array().into_iter().flatten();
    let allow: Vec<String> = ports
        .filter_map(Value::as_str)
        .map(|port| format!("{protocol}:{port}"))
        .collect();
    Command::making(part, "compute firewall-rules create")
        .reference("network", &body["network"])
        .value("direction", &body["direction"])
        .value("priority", &body["priority"])
        .list("source-ranges", &body["sourceRanges"])
        .list("target-tags", &body["targetTags"])
        .flag("allow", &allow.join(","))
        .line()
}

fn health_check(part: &Part) -> Line {
    let Part { body, .. } = part;
    let probe = &body["httpHealthCheck"];
    let command = Command::making(part, "compute health-checks create http");
    let command = if probe["portSpecification"] == "USE_SERVING_PORT" {
        command.bare("use-serving-port")
    } else {
        command.value("port", &probe["port"])
    };
    command
        .value("request-path", &probe["requestPath"])
        .value("check-interval", &body["checkIntervalSec"])
        .value("timeout", &body["timeoutSec"])
        .value("healthy-threshold", &body["healthyThreshold"])
        .value("unhealthy-threshold", &body["unhealthyThreshold"])
        .line()
}

fn certificate(part: &Part) -> Line {
    Command::making(part, "compute ssl-certificates create")
        .list("domains", &part.body["managed"]["domains"])
        .line()
}

/// Every item of the metadata comes from a file: a value may have commas, lines and quotes.
fn template(part: &Part) -> Vec<Line> {
    let properties = &part.body["properties"];
    let items = properties["metadata"]["items"].as_array();
    let mut lines = Vec::new();
    let mut metadata = Vec::new();
    for item in items.into_iter().flatten() {
        let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
        let name = text("key");
        metadata.push(format!("{name}=\"$files/{name}\""));
        lines.push(Line::File {
            name,
            content: text("value"),
        });
    }
    let mut command = machine(part, properties);
    command
        .0
        .push(format!("--metadata-from-file={}", metadata.join(",")));
    lines.push(command.line());
    lines
}

fn machine(part: &Part, properties: &Value) -> Command {
    let disk = &properties["disks"][0]["initializeParams"];
    let image = disk["sourceImage"].as_str().unwrap_or_default();
    let account = &properties["serviceAccounts"][0];
    let shield = &properties["shieldedInstanceConfig"];
    let command = Command::making(part, "compute instance-templates create")
        .value("machine-type", &properties["machineType"])
        .flag("image", image)
        .value("boot-disk-size", &disk["diskSizeGb"])
        .value("boot-disk-type", &disk["diskType"])
        .value("service-account", &account["email"])
        .list("scopes", &account["scopes"])
        .list("tags", &properties["tags"]["items"])
        .flag("labels", &pairs(&properties["labels"]));
    let shields = [
        ("shielded-secure-boot", "enableSecureBoot"),
        ("shielded-vtpm", "enableVtpm"),
        ("shielded-integrity-monitoring", "enableIntegrityMonitoring"),
    ];
    let is_on = |(_, field): &&(&str, &str)| shield[field] == true;
    let command = shields
        .iter()
        .filter(is_on)
        .fold(command, |command, (flag, _)| command.bare(flag));
    network(command, &properties["networkInterfaces"][0])
}

fn network(command: Command, interface: &Value) -> Command {
    let command = command.reference("network", &interface["network"]);
    let command = match interface["subnetwork"].as_str() {
        Some(url) => {
            let region = match Scope::of_url(url) {
                Scope::Region(region) => region,
                Scope::Global | Scope::Zone(_) => String::new(),
            };
            command.flag("subnet", name_of(url)).flag("region", &region)
        }
        None => command,
    };
    let access = &interface["accessConfigs"][0];
    if access.is_null() {
        return command.bare("no-address");
    }
    command.value("network-tier", &access["networkTier"])
}

fn pairs(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    pairs.join(",")
}

fn group(part: &Part) -> Vec<Line> {
    let Part { body, .. } = part;
    let healing = &body["autoHealingPolicies"][0];
    let update = &body["updatePolicy"];
    let lower = |value: &Value| json!(value.as_str().map(str::to_lowercase));
    let ports = body["namedPorts"].as_array().into_iter().flatten();
    let ports: Vec<String> = ports
        .filter_map(|port| Some(format!("{}:{}", port["name"].as_str()?, port["port"])))
        .collect();
    vec![
        Command::making(part, "compute instance-groups managed create")
            .value("base-instance-name", &body["baseInstanceName"])
            .reference("template", &body["instanceTemplate"])
            .value("size", &body["targetSize"])
            .reference("health-check", &healing["healthCheck"])
            .value("initial-delay", &healing["initialDelaySec"])
            .value("update-policy-type", &lower(&update["type"]))
            .value(
                "update-policy-minimal-action",
                &lower(&update["minimalAction"]),
            )
            .value("update-policy-max-surge", &update["maxSurge"]["fixed"])
            .value(
                "update-policy-max-unavailable",
                &update["maxUnavailable"]["fixed"],
            )
            .line(),
        Command::new(part, "compute instance-groups managed set-named-ports")
            .flag("named-ports", &ports.join(","))
            .line(),
    ]
}

fn autoscaler(part: &Part) -> Vec<Line> {
    let name = match &part.id.scope {
        Scope::Global => "policy.json".to_owned(),
        Scope::Region(place) | Scope::Zone(place) => format!("policy-{place}.json"),
    };
    let body = json!({
        "target": part.body["target"],
        "description": part.body["description"],
        "autoscalingPolicy": part.body["autoscalingPolicy"],
    });
    let content = format!("{body:#}\n");
    let set = "beta compute instance-groups managed set-autoscaling";
    let command = Command::new(part, set).file("autoscaling-file", &name);
    vec![Line::File { name, content }, command.line()]
}

fn backend_service(part: &Part) -> Vec<Line> {
    let Part { body, .. } = part;
    let seconds = |value: &Value| format!("{value}s");
    let draining = &body["connectionDraining"]["drainingTimeoutSec"];
    let mut command = Command::making(part, "compute backend-services create")
        .value("load-balancing-scheme", &body["loadBalancingScheme"])
        .value("protocol", &body["protocol"])
        .value("port-name", &body["portName"])
        .flag("timeout", &seconds(&body["timeoutSec"]))
        .flag("connection-draining-timeout", &seconds(draining))
        .list("health-checks", &body["healthChecks"])
        .bare("global-health-checks");
    if body["logConfig"]["enable"] == true {
        command = command
            .bare("enable-logging")
            .value("logging-sample-rate", &body["logConfig"]["sampleRate"]);
    }
    if body["iap"]["enabled"] == true {
        command = command.flag("iap", "enabled");
    }
    let backends = body["backends"].as_array().into_iter().flatten();
    let added = backends.map(|backend| add_backend(part, backend).line());
    std::iter::once(command.line()).chain(added).collect()
}

fn add_backend(service: &Part, backend: &Value) -> Command {
    let url = backend["group"].as_str().unwrap_or_default();
    let command = Command::new(service, "compute backend-services add-backend");
    let command = command.flag("instance-group", name_of(url));
    let command = match Scope::of_url(url) {
        Scope::Zone(zone) => command.flag("instance-group-zone", &zone),
        Scope::Region(region) => command.flag("instance-group-region", &region),
        Scope::Global => command,
    };
    command
        .value("balancing-mode", &backend["balancingMode"])
        .value("capacity-scaler", &backend["capacityScaler"])
}

fn url_map(part: &Part) -> Vec<Line> {
    let service = &part.body["defaultService"];
    if service.is_string() && part.body["hostRules"].is_null() {
        let command = Command::making(part, "compute url-maps create");
        return vec![command.reference("default-service", service).line()];
    }
    // gcloud has no flags for a redirect, nor for the rules of several hosts at once.
    let (name, mut content) = (format!("{}.json", part.id.name), String::new());
    // Writing to a string cannot fail.
    let _ = writeln!(content, "{:#}", part.body);
    let command = Command::new(part, "compute url-maps import").file("source", &name);
    vec![Line::File { name, content }, command.line()]
}

fn proxy(part: &Part, verb: &str) -> Command {
    Command::making(part, verb)
        .reference("url-map", &part.body["urlMap"])
        .bare("global-url-map")
}

fn forwarding_rule(part: &Part) -> Line {
    let Part { body, .. } = part;
    let target = body["target"].as_str().unwrap_or_default();
    let flag = if target.contains("/targetHttpsProxies/") {
        "target-https-proxy"
    } else {
        "target-http-proxy"
    };
    let range = body["portRange"].as_str().unwrap_or_default();
    let port = range.split('-').next().unwrap_or_default();
    Command::making(part, "compute forwarding-rules create")
        .value("load-balancing-scheme", &body["loadBalancingScheme"])
        .value("network-tier", &body["networkTier"])
        .reference("address", &body["IPAddress"])
        .flag("ports", port)
        .flag(flag, name_of(target))
        .line()
}

/// A word of the shell's, in quotes where it needs them.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-:=,@%+".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
