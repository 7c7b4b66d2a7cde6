//! A Terraform configuration for the provider `hashicorp/google`.

mod beside;

use gce::{Scope, name_of};
use serde_json::{Value, json};

use super::hcl::{Block, literal, map, string};
use crate::deployment::part::{Id, Kind, Part};
use crate::deployment::{Blueprint, Inventory};
use crate::url::within_project;

/// What exists is imported and not made again.
pub(super) fn configuration(blueprint: &Blueprint, parts: &[Part], found: &Inventory) -> String {
    let Blueprint { name, project, .. } = blueprint;
    let mut text = format!(
        "# The deployment {name} in the hands of Terraform. What is there already is taken over by the\n\
         # import blocks, which may be removed after the first apply.\n\n"
    );
    let mut blocks = vec![
        Block::new("terraform")
            .value("required_version", &json!(">= 1.5"))
            .block(
                Block::new("required_providers")
                    .expression("google", "{\n      source = \"hashicorp/google\"\n    }"),
            ),
        Block::new("provider \"google\"").value("project", &json!(project)),
    ];
    let named = Names { parts };
    for part in parts {
        if found.get(&part.id).is_some() {
            let id = if part.id.kind.is_of_compute() {
                format!("projects/{project}/{}", part.id.path())
            } else {
                beside::import_id(part, project)
            };
            blocks.push(
                Block::new("import")
                    .expression("to", address(part))
                    .value("id", &json!(id)),
            );
        }
        blocks.push(resource(part, &named));
    }
    let texts: Vec<String> = blocks.iter().map(Block::text).collect();
    text.push_str(&texts.join("\n"));
    text
}

/// Type and name: `google_compute_url_map.web-site`.
fn address(part: &Part) -> String {
    format!("{}.{}", kind(part), local(&part.id))
}

fn kind(part: &Part) -> &'static str {
    let Part { id, .. } = part;
    let is_regional = matches!(id.scope, Scope::Region(_));
    match id.kind {
        Kind::Api
        | Kind::ServiceAccount
        | Kind::Role
        | Kind::Repository
        | Kind::Secret
        | Kind::Grant
        | Kind::Access
        | Kind::Record => beside::kind(part),
        Kind::Address => "google_compute_global_address",
        Kind::Firewall => "google_compute_firewall",
        Kind::HealthCheck => "google_compute_health_check",
        Kind::Certificate => "google_compute_managed_ssl_certificate",
        Kind::Template => "google_compute_instance_template",
        Kind::Group if is_regional => "google_compute_region_instance_group_manager",
        Kind::Group => "google_compute_instance_group_manager",
        Kind::Autoscaler if is_regional => "google_compute_region_autoscaler",
        Kind::Autoscaler => "google_compute_autoscaler",
        Kind::BackendService => "google_compute_backend_service",
        Kind::UrlMap => "google_compute_url_map",
        Kind::Proxy => "google_compute_target_http_proxy",
        Kind::SecureProxy => "google_compute_target_https_proxy",
        Kind::ForwardingRule => "google_compute_global_forwarding_rule",
    }
}

/// One name in one module: two groups of the same name are told apart by their places.
fn local(id: &Id) -> String {
    let name = match &id.scope {
        Scope::Global => id.name.clone(),
        Scope::Region(place) | Scope::Zone(place) => format!("{}-{place}", id.name),
    };
    name.replace(|char: char| !char.is_ascii_alphanumeric(), "-")
}

/// What of the deployment a URL names.
struct Names<'a> {
    parts: &'a [Part],
}

impl Names<'_> {
    /// A reference to one of its own parts, so that Terraform knows the order; else the URL as it is.
    fn reference(&self, url: &Value, attribute: &str) -> String {
        let path = within_project(url.as_str().unwrap_or_default());
        let part = self.parts.iter().find(|part| part.id.path() == path);
        match part {
            Some(part) => format!("{}.{attribute}", address(part)),
            None => literal(url),
        }
    }

    fn list(&self, urls: &Value) -> String {
        let urls = urls.as_array().into_iter().flatten();
        let urls: Vec<String> = urls.map(|url| self.reference(url, "id")).collect();
        format!("[{}]", urls.join(", "))
    }

    /// An account by its email, which may stand after `serviceAccount:`.
    fn account(&self, email: &Value, attribute: &str) -> String {
        let text = email.as_str().unwrap_or_default();
        let text = text.strip_prefix("serviceAccount:").unwrap_or(text);
        let is_it = |part: &&Part| {
            part.id.kind == Kind::ServiceAccount && part.body["email"].as_str() == Some(text)
        };
        match self.parts.iter().find(is_it) {
            Some(part) => format!("{}.{attribute}", address(part)),
            None => literal(email),
        }
    }

    /// The deployment's address, whatever digits it has; else these.
    fn address(&self, digits: &Value) -> String {
        let mut parts = self.parts.iter();
        match parts.find(|part| part.id.kind == Kind::Address) {
            Some(part) => format!("{}.address", address(part)),
            None => literal(digits),
        }
    }

    /// The instance group of a managed one.
    fn instance_group(&self, url: &Value) -> String {
        let managed = url.as_str().unwrap_or_default();
        let managed = managed.replace("/instanceGroups/", "/instanceGroupManagers/");
        self.reference(&json!(managed), "instance_group")
    }
}

fn resource(part: &Part, named: &Names<'_>) -> Block {
    let Part { id, body, .. } = part;
    let head = format!("resource {} {}", string(kind(part)), string(&local(id)));
    if !id.kind.is_of_compute() {
        return beside::resource(Block::new(head), part, named);
    }
    let block = Block::new(head).value("name", &body["name"]);
    let block = match &id.scope {
        Scope::Global => block,
        Scope::Region(region) => block.value("region", &json!(region)),
        Scope::Zone(zone) => block.value("zone", &json!(zone)),
    };
    let block = block.value("description", &body["description"]);
    match id.kind {
        Kind::Address => block
            .value("address_type", &body["addressType"])
            .value("ip_version", &body["ipVersion"]),
        Kind::Firewall => firewall(block, body),
        Kind::HealthCheck => health_check(block, body),
        Kind::Certificate => {
            block.block(Block::new("managed").value("domains", &body["managed"]["domains"]))
        }
        Kind::Template => template(block, &body["properties"], named),
        Kind::Group => group(block, body, named),
        Kind::Autoscaler => block
            .expression("target", named.reference(&body["target"], "id"))
            .block(policy(&body["autoscalingPolicy"])),
        Kind::BackendService => backend_service(block, body, named),
        Kind::UrlMap => url_map(block, body, named),
        Kind::Proxy => block.expression("url_map", named.reference(&body["urlMap"], "id")),
        Kind::SecureProxy => block
            .expression("url_map", named.reference(&body["urlMap"], "id"))
            .expression("ssl_certificates", named.list(&body["sslCertificates"])),
        Kind::ForwardingRule => block
            .value("load_balancing_scheme", &body["loadBalancingScheme"])
            .value("network_tier", &body["networkTier"])
            .value("ip_protocol", &body["IPProtocol"])
            .value("port_range", &body["portRange"])
            .expression("ip_address", named.reference(&body["IPAddress"], "address"))
            .expression("target", named.reference(&body["target"], "id")),
        Kind::Api
        | Kind::ServiceAccount
        | Kind::Role
        | Kind::Repository
        | Kind::Secret
        | Kind::Grant
        | Kind::Access
        | Kind::Record => block,
    }
}

fn firewall(block: Block, body: &Value) -> Block {
    let allowed = &body["allowed"][0];
    block
        .value("network", &name(&body["network"]))
        .value("direction", &body["direction"])
        .value("priority", &body["priority"])
        .value("source_ranges", &body["sourceRanges"])
        .value("target_tags", &body["targetTags"])
        .block(
            Block::new("allow")
                .value("protocol", &allowed["IPProtocol"])
                .value("ports", &allowed["ports"]),
        )
}

fn health_check(block: Block, body: &Value) -> Block {
    let probe = &body["httpHealthCheck"];
    block
        .value("check_interval_sec", &body["checkIntervalSec"])
        .value("timeout_sec", &body["timeoutSec"])
        .value("healthy_threshold", &body["healthyThreshold"])
        .value("unhealthy_threshold", &body["unhealthyThreshold"])
        .block(
            Block::new("http_health_check")
                .value("port_specification", &probe["portSpecification"])
                .value("port", &probe["port"])
                .value("request_path", &probe["requestPath"]),
        )
}

/// A template never changes: the new one must have another name, and be there before the old one goes.
fn template(block: Block, properties: &Value, named: &Names<'_>) -> Block {
    let items = properties["metadata"]["items"].as_array();
    let items = items.into_iter().flatten().map(|item| {
        let key = item["key"].as_str().unwrap_or_default();
        (key.to_owned(), item["value"].clone())
    });
    let disk = &properties["disks"][0]["initializeParams"];
    let account = &properties["serviceAccounts"][0];
    let shield = &properties["shieldedInstanceConfig"];
    block
        .value("machine_type", &properties["machineType"])
        .value("tags", &properties["tags"]["items"])
        .expression("labels", map(entries(&properties["labels"])))
        .expression("metadata", map(items))
        .block(
            Block::new("disk")
                .value("boot", &json!(true))
                .value("auto_delete", &json!(true))
                .value("source_image", &disk["sourceImage"])
                .value("disk_size_gb", &number(&disk["diskSizeGb"]))
                .value("disk_type", &disk["diskType"]),
        )
        .block(network_interface(&properties["networkInterfaces"][0]))
        .block(
            Block::new("service_account")
                .expression("email", named.account(&account["email"], "email"))
                .value("scopes", &account["scopes"]),
        )
        .block(
            Block::new("shielded_instance_config")
                .value("enable_secure_boot", &shield["enableSecureBoot"])
                .value("enable_vtpm", &shield["enableVtpm"])
                .value(
                    "enable_integrity_monitoring",
                    &shield["enableIntegrityMonitoring"],
                ),
        )
        .block(Block::new("lifecycle").value("create_before_destroy", &json!(true)))
}

fn network_interface(interface: &Value) -> Block {
    let access = &interface["accessConfigs"][0];
    let address = || Block::new("access_config").value("network_tier", &access["networkTier"]);
    Block::new("network_interface")
        .value("network", &interface["network"])
        .value("subnetwork", &interface["subnetwork"])
        .maybe(access.is_object().then(address))
}

/// Without a size, which belongs to the autoscaler.
fn group(block: Block, body: &Value, named: &Names<'_>) -> Block {
    let update = &body["updatePolicy"];
    let healing = &body["autoHealingPolicies"][0];
    let block = block
        .value("base_instance_name", &body["baseInstanceName"])
        .block(Block::new("version").expression(
            "instance_template",
            named.reference(&body["instanceTemplate"], "self_link"),
        ));
    let ports = body["namedPorts"].as_array().into_iter().flatten();
    let block = ports.fold(block, |block, port| {
        block.block(
            Block::new("named_port")
                .value("name", &port["name"])
                .value("port", &port["port"]),
        )
    });
    block
        .block(
            Block::new("auto_healing_policies")
                .expression(
                    "health_check",
                    named.reference(&healing["healthCheck"], "id"),
                )
                .value("initial_delay_sec", &healing["initialDelaySec"]),
        )
        .block(
            Block::new("update_policy")
                .value("type", &update["type"])
                .value("minimal_action", &update["minimalAction"])
                .value("max_surge_fixed", &update["maxSurge"]["fixed"])
                .value("max_unavailable_fixed", &update["maxUnavailable"]["fixed"]),
        )
}

fn policy(policy: &Value) -> Block {
    let cpu = &policy["cpuUtilization"];
    let balancing = &policy["loadBalancingUtilization"];
    let block = Block::new("autoscaling_policy")
        .value("min_replicas", &policy["minNumReplicas"])
        .value("max_replicas", &policy["maxNumReplicas"])
        .value("mode", &policy["mode"])
        .value("cooldown_period", &policy["coolDownPeriodSec"])
        .value("stabilization_period", &policy["stabilizationPeriodSec"])
        .maybe(cpu.is_object().then(|| {
            Block::new("cpu_utilization")
                .value("target", &cpu["utilizationTarget"])
                .value("predictive_method", &cpu["predictiveMethod"])
        }))
        .maybe(balancing.is_object().then(|| {
            Block::new("load_balancing_utilization")
                .value("target", &balancing["utilizationTarget"])
        }));
    let metrics = policy["customMetricUtilizations"].as_array();
    let metrics = metrics.into_iter().flatten().map(metric);
    let schedules = entries(&policy["scalingSchedules"]).map(|(name, one)| schedule(&name, &one));
    let block = metrics.chain(schedules).fold(block, Block::block);
    block.maybe(scale_in(&policy["scaleInControl"]))
}

fn metric(metric: &Value) -> Block {
    Block::new("metric")
        .value("name", &metric["metric"])
        .value("filter", &metric["filter"])
        .value("target", &metric["utilizationTarget"])
        .value("type", &metric["utilizationTargetType"])
        .value(
            "single_instance_assignment",
            &metric["singleInstanceAssignment"],
        )
}

fn schedule(name: &str, schedule: &Value) -> Block {
    Block::new("scaling_schedules")
        .value("name", &json!(name))
        .value("description", &schedule["description"])
        .value("min_required_replicas", &schedule["minRequiredReplicas"])
        .value("schedule", &schedule["schedule"])
        .value("time_zone", &schedule["timeZone"])
        .value("duration_sec", &schedule["durationSec"])
        .value("disabled", &schedule["disabled"])
}

fn scale_in(control: &Value) -> Option<Block> {
    let allowed = &control["maxScaledInReplicas"];
    control.is_object().then(|| {
        Block::new("scale_in_control")
            .value("time_window_sec", &control["timeWindowSec"])
            .block(
                Block::new("max_scaled_in_replicas")
                    .value("fixed", &allowed["fixed"])
                    .value("percent", &allowed["percent"]),
            )
    })
}

fn backend_service(block: Block, body: &Value, named: &Names<'_>) -> Block {
    let draining = &body["connectionDraining"]["drainingTimeoutSec"];
    let block = block
        .value("load_balancing_scheme", &body["loadBalancingScheme"])
        .value("protocol", &body["protocol"])
        .value("port_name", &body["portName"])
        .value("timeout_sec", &body["timeoutSec"])
        .value("connection_draining_timeout_sec", draining)
        .expression("health_checks", named.list(&body["healthChecks"]));
    let backends = body["backends"].as_array().into_iter().flatten();
    let block = backends.fold(block, |block, backend| {
        block.block(
            Block::new("backend")
                .expression("group", named.instance_group(&backend["group"]))
                .value("balancing_mode", &backend["balancingMode"])
                .value("capacity_scaler", &backend["capacityScaler"]),
        )
    });
    let block = block.maybe(
        (body["iap"]["enabled"] == true).then(|| Block::new("iap").value("enabled", &json!(true))),
    );
    let log = &body["logConfig"];
    block.maybe(log.is_object().then(|| {
        Block::new("log_config")
            .value("enable", &log["enable"])
            .value("sample_rate", &log["sampleRate"])
    }))
}

fn url_map(block: Block, body: &Value, named: &Names<'_>) -> Block {
    let block = default_answer(block, body, named);
    let rules = body["hostRules"].as_array().into_iter().flatten();
    let block = rules.fold(block, |block, rule| {
        block.block(
            Block::new("host_rule")
                .value("hosts", &rule["hosts"])
                .value("path_matcher", &rule["pathMatcher"]),
        )
    });
    let matchers = body["pathMatchers"].as_array().into_iter().flatten();
    matchers.fold(block, |block, matcher| {
        let name = Block::new("path_matcher").value("name", &matcher["name"]);
        block.block(default_answer(name, matcher, named))
    })
}

/// What answers whatever no rule of a map, or of a part of it, is for.
fn default_answer(block: Block, body: &Value, named: &Names<'_>) -> Block {
    let redirect = &body["defaultUrlRedirect"];
    if redirect.is_object() {
        return block.block(
            Block::new("default_url_redirect")
                .value("https_redirect", &redirect["httpsRedirect"])
                .value("strip_query", &redirect["stripQuery"])
                .value("redirect_response_code", &redirect["redirectResponseCode"]),
        );
    }
    block.expression(
        "default_service",
        named.reference(&body["defaultService"], "id"),
    )
}

fn entries(map: &Value) -> impl Iterator<Item = (String, Value)> {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.clone()))
}

/// Google writes a size as text.
fn number(text: &Value) -> Value {
    let number = text.as_str().and_then(|text| text.parse::<u64>().ok());
    json!(number)
}

fn name(url: &Value) -> Value {
    json!(url.as_str().map(name_of))
}
