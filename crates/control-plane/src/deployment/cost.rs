//! What a deployment costs while nobody visits it, by the dated table of prices.

use autoscaler::backtest::{
    ADDRESS_PER_HOUR, DISK_GIB_PER_MONTH, HOURS_PER_MONTH, IDLE_ADDRESS_PER_HOUR, price_per_hour,
    rules_per_hour,
};
use serde_json::Value;

use super::{Inventory, Kind, Mark};

/// US dollars for an hour, at the smallest and the largest size that the policies allow. Traffic,
/// logs and requests come on top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// What costs something.
    pub lines: Vec<CostLine>,
    /// Machine types that have no price in the table; their machines are not counted.
    pub unpriced: Vec<String>,
}

/// One sort of thing that costs something.
#[derive(Clone, Debug, PartialEq)]
pub struct CostLine {
    /// `2 to 6 × e2-small in us-central1`.
    pub what: String,
    /// At the smallest size.
    pub least: f64,
    /// At the largest size.
    pub most: f64,
}

impl Cost {
    /// What everything with this mark costs.
    pub fn of(mark: &Mark, found: &Inventory) -> Self {
        let mut cost = Self::default();
        let ours = |kind: Kind| found.marked(mark).filter(move |(id, _)| id.kind == kind);
        for (id, group) in ours(Kind::Group) {
            let mut autoscalers = ours(Kind::Autoscaler);
            let policy = autoscalers
                .find(|(one, _)| one.scope == id.scope)
                .map(|(_, body)| &body["autoscalingPolicy"]);
            let template = gce::name_of(group["instanceTemplate"].as_str().unwrap_or_default());
            if let Some(template) = found.template(template) {
                let place = id.to_string();
                let place = place.rsplit(' ').next().unwrap_or_default();
                cost.machines(&template["properties"], sizes(policy, group), place);
            }
        }
        let rules = ours(Kind::ForwardingRule).count();
        if rules > 0 {
            let price = rules_per_hour(rules);
            cost.line(
                format!("load balancer, forwarding rules: {rules}"),
                price,
                price,
            );
        } else {
            let idle = ours(Kind::Address).count();
            let price = IDLE_ADDRESS_PER_HOUR * idle as f64;
            cost.line(
                "reserved address that nothing uses".to_owned(),
                price,
                price,
            );
        }
        cost
    }

    /// The least and the most for an hour.
    pub fn per_hour(&self) -> (f64, f64) {
        let sum = |of: fn(&CostLine) -> f64| self.lines.iter().map(of).sum();
        (sum(|line| line.least), sum(|line| line.most))
    }

    /// The least and the most for a month of 730 hours.
    pub fn per_month(&self) -> (f64, f64) {
        let (least, most) = self.per_hour();
        (least * HOURS_PER_MONTH, most * HOURS_PER_MONTH)
    }

    fn machines(&mut self, properties: &Value, (min, max): (f64, f64), place: &str) {
        let machine_type = properties["machineType"].as_str().unwrap_or_default();
        let mut count = |what: String, price: f64| self.line(what, min * price, max * price);
        match price_per_hour(machine_type) {
            Some(price) => count(format!("{min} to {max} × {machine_type} in {place}"), price),
            None => self.unpriced.push(machine_type.to_owned()),
        }
        let mut count = |what: String, price: f64| self.line(what, min * price, max * price);
        let disk = &properties["disks"][0]["initializeParams"]["diskSizeGb"];
        if let Some(gib) = disk.as_str().and_then(|gib| gib.parse::<f64>().ok()) {
            count(
                format!("their disks of {gib} GiB"),
                gib * DISK_GIB_PER_MONTH / HOURS_PER_MONTH,
            );
        }
        if properties["networkInterfaces"][0]["accessConfigs"][0].is_object() {
            count("their addresses".to_owned(), ADDRESS_PER_HOUR);
        }
    }

    fn line(&mut self, what: String, least: f64, most: f64) {
        if most > 0.0 {
            self.lines.push(CostLine { what, least, most });
        }
    }
}

/// The bounds of the policy; without an autoscaler the group's own size.
fn sizes(policy: Option<&Value>, group: &Value) -> (f64, f64) {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    match policy {
        Some(policy) => (
            number(&policy["minNumReplicas"]),
            number(&policy["maxNumReplicas"]),
        ),
        None => (number(&group["targetSize"]), number(&group["targetSize"])),
    }
}
