//! Between Google's RFC 3339 and our milliseconds.

use autoscaler::Timestamp;
use gce::compute::Operation;

/// Reads RFC 3339 with any offset.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// Writes RFC 3339 ending in `Z`, which Logging insists on.
pub(crate) fn format(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// When an operation was done, to the millisecond, where `now` is good to a second only.
pub(crate) fn of_operation(client: &gce::Client, operation: &Operation) -> Timestamp {
    let at = operation
        .end_time
        .as_deref()
        .or(operation.insert_time.as_deref());
    at.and_then(parse).unwrap_or_else(|| now(client))
}

/// The cloud's time when it last answered. Before the first answer nothing has an age yet, and the
/// wall clock will do.
pub(crate) fn now(client: &gce::Client) -> Timestamp {
    let wall = || jiff::Timestamp::now().as_millisecond();
    Timestamp(client.server_now().unwrap_or_else(wall))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_googles_spelling() {
        let at = Timestamp(1_795_491_086_123);
        assert_eq!(format(at), "2026-11-24T03:31:26.123Z");
        assert_eq!(parse(&format(at)), Some(at));
        assert_eq!(parse("2026-11-23T19:31:26.123-08:00"), Some(at));
        assert_eq!(parse("yesterday"), None);
    }
}
