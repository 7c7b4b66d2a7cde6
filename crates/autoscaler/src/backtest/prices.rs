//! What a machine costs.

/// The day on which the prices were looked up last.
pub const PRICES_AS_OF: &str = "2026-09-12";

/// Where the prices hold.
pub const PRICES_REGION: &str = "us-central1";

/// US dollars for an hour of a machine type, on demand, without disk, address and traffic.
///
/// E2 is the sum of Google's component rates, 0.02181159 for a vCPU and 0.00292353 for a GiB, of
/// which shared-core types bill 0.25, 0.5 and 1 vCPU. Types whose published prices disagree are left
/// out: a missing estimate is better than a wrong one.
const PRICES: [(&str, f64); 7] = [
    ("e2-micro", 0.008_376_43),
    ("e2-small", 0.016_752_855),
    ("e2-medium", 0.033_505_71),
    ("e2-standard-2", 0.067_011_42),
    ("e2-standard-4", 0.134_022_84),
    ("n2-standard-2", 0.097_118),
    ("n2-standard-4", 0.194_236),
];

/// Google's month.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// US dollars for an hour of an IPv4 address that a machine uses.
pub const ADDRESS_PER_HOUR: f64 = 0.005;

/// US dollars for an hour of a reserved IPv4 address that nothing uses.
pub const IDLE_ADDRESS_PER_HOUR: f64 = 0.01;

/// US dollars for a GiB of a balanced disk, for a month.
pub const DISK_GIB_PER_MONTH: f64 = 0.10;

/// US dollars for an hour of a load balancer with so many forwarding rules, without traffic: the first
/// five cost as much as one.
pub fn rules_per_hour(rules: usize) -> f64 {
    match rules {
        0 => 0.0,
        1..=5 => 0.025,
        more => 0.025 + 0.01 * (more - 5) as f64,
    }
}

/// US dollars for an hour of one machine of this type; `None` for a type that the table lacks.
pub fn price_per_hour(machine_type: &str) -> Option<f64> {
    let found = PRICES.iter().find(|(name, _)| *name == machine_type);
    found.map(|(_, price)| *price)
}

/// The machine types that have a price.
pub fn priced_machine_types() -> impl Iterator<Item = &'static str> {
    PRICES.iter().map(|(name, _)| *name)
}

/// How far above its share an instance of this type can burst: both visible cores over the reserved
/// fraction for a shared-core type, 1 for every other.
pub fn burst(machine_type: &str) -> f64 {
    match machine_type {
        "e2-micro" => 8.0,
        "e2-small" => 4.0,
        "e2-medium" => 2.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_e2_prices_are_the_sum_of_their_parts() {
        let sums = [
            ("e2-micro", 0.25, 1.0),
            ("e2-small", 0.5, 2.0),
            ("e2-standard-4", 4.0, 16.0),
        ];
        for (name, cores, gib) in sums {
            let sum = cores * 0.021_811_59 + gib * 0.002_923_53;
            let listed = price_per_hour(name);
            assert!(
                listed.is_some_and(|price| (price - sum).abs() < 1e-8),
                "{name}: {sum}"
            );
        }
    }

    #[test]
    fn five_rules_cost_as_much_as_one() {
        assert_eq!([0, 1, 5].map(rules_per_hour), [0.0, 0.025, 0.025]);
        assert!((rules_per_hour(7) - 0.045).abs() < 1e-12);
    }

    #[test]
    fn an_unknown_type_has_no_price_and_no_burst() {
        assert_eq!(price_per_hour("c3-standard-4"), None);
        assert_eq!(burst("c3-standard-4"), 1.0);
        assert!(priced_machine_types().all(|name| price_per_hour(name).is_some()));
    }
}
