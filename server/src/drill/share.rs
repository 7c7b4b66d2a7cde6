//! How much CPU a machine type is given, in cores.

/// Shared-core machines run on a part of a core; every other name ends in its number of cores.
pub(super) fn of(machine_type: &str) -> f64 {
    let name = machine_type.rsplit('/').next().unwrap_or(machine_type);
    match name {
        "e2-micro" => 0.25,
        "e2-small" | "g1-small" => 0.5,
        "e2-medium" => 1.0,
        "f1-micro" => 0.2,
        other => other
            .rsplit('-')
            .next()
            .and_then(|cores| cores.parse().ok())
            .unwrap_or(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_cores_and_whole_ones() {
        assert_eq!(of("projects/1/machineTypes/e2-micro"), 0.25);
        assert_eq!(of("e2-medium"), 1.0);
        assert_eq!(of("n2-standard-8"), 8.0);
        assert_eq!(of("unheard-of"), 1.0);
    }
}
