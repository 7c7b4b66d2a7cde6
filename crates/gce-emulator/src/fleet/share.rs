//! How much of a core a machine type may use for long.

/// The vCPUs that a machine type reserves. Utilization is CPU time over this share, and exceeds 1
/// while a shared-core machine bursts, as at Google.
///
/// A type that names no number counts as one core.
pub fn reserved_cores(machine_type: &str) -> f64 {
    let name = crate::resource::last_segment(machine_type);
    match name {
        "e2-micro" => 0.25,
        "e2-small" | "g1-small" => 0.5,
        "e2-medium" => 1.0,
        "f1-micro" => 0.2,
        _ => cores_in(name).unwrap_or(1.0),
    }
}

/// `n2-standard-8` has 8, `e2-custom-2-4096` has 2, `custom-4-8192` has 4.
fn cores_in(name: &str) -> Option<f64> {
    let mut parts = name
        .split('-')
        .skip_while(|part| part.parse::<u32>().is_err());
    let cores: u32 = parts.next()?.parse().ok()?;
    (cores > 0).then(|| f64::from(cores))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_type_gives_its_share() {
        for (machine_type, cores) in [
            ("e2-micro", 0.25),
            ("zones/us-central1-a/machineTypes/e2-small", 0.5),
            ("e2-medium", 1.0),
            ("e2-standard-8", 8.0),
            ("n2-custom-2-4096", 2.0),
            ("c3-highcpu-4-lssd", 4.0),
            ("no-such-type", 1.0),
        ] {
            assert_eq!(reserved_cores(machine_type), cores, "{machine_type}");
        }
    }
}
