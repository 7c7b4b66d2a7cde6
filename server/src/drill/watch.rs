//! Follows the metadata key `flaskscale-drill` and does what it says, no longer than it says.

use std::time::Duration;

use http::header::{DATE, ETAG};
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{Burner, share};
use crate::{clock, metadata::Metadata, plain_http::Answer};

/// The key that the control plane sets.
const KEY: &str = "flaskscale-drill";
/// All custom metadata: a question for a key that does not exist yet would not wait.
const ATTRIBUTES: &str = "instance/attributes/";
/// One question to the metadata server lasts this long when nothing changes.
const WAIT: Duration = Duration::from_mins(1);
/// After a failed question.
const PAUSE: Duration = Duration::from_secs(2);
/// No drill is longer, whatever its date says: fifteen minutes, as the console promises.
const LONGEST_MS: i64 = 15 * 60 * 1000;
/// No drill is heavier: a wrong figure in the metadata must not stop a machine.
const HEAVIEST_LOAD: f64 = 16.0;

/// What a drill asks of this instance.
#[derive(Clone, Debug, PartialEq)]
struct Order {
    /// A multiple of the machine's share of a core.
    load: f64,
    /// For how long the cloud's clock still runs until the end, in milliseconds.
    remaining_ms: i64,
}

/// Burns as the metadata says until the program stops. `speed` is the cloud clock's.
pub(crate) async fn obey(metadata: Metadata, speed: u32, mut shutdown: watch::Receiver<bool>) {
    let machine_type = metadata
        .value("instance/machine-type")
        .await
        .unwrap_or_default();
    let cores = share::of(&machine_type);
    tokio::select! {
        () = follow(&metadata, cores, speed) => {}
        _ = shutdown.wait_for(|stopping| *stopping) => {}
    }
}

async fn follow(metadata: &Metadata, cores: f64, speed: u32) {
    let mut etag = "0".to_owned();
    let mut burning: Option<(Burner, Instant)> = None;
    loop {
        let end = burning.as_ref().map(|(_, end)| *end);
        tokio::select! {
            () = until(end) => burning = None,
            answer = metadata.change(ATTRIBUTES, &etag, WAIT) => {
                let Some(answer) = answer else { sleep(PAUSE).await; continue };
                let seen = header(&answer, ETAG.as_str()).unwrap_or("0").to_owned();
                if seen != etag || burning.is_none() {
                    // The old burner goes before the new one starts: one drill at a time.
                    drop(burning.take());
                    burning = order(&answer).map(|order| begin(&order, cores, speed));
                }
                etag = seen;
            }
        }
    }
}

fn begin(order: &Order, cores: f64, speed: u32) -> (Burner, Instant) {
    tracing::info!(
        load = order.load,
        remaining_ms = order.remaining_ms,
        "a stress drill begins"
    );
    let end = Instant::now() + clock::real_wait(order.remaining_ms, speed);
    (Burner::start(order.load * cores), end)
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => {
            sleep_until(end).await;
            tracing::info!("the stress drill ends");
        }
        None => std::future::pending().await,
    }
}

/// The drill in the metadata, unless it is over or makes no sense. Its age is told by the clock of the
/// server that answers, since ours may run at another speed.
fn order(answer: &Answer) -> Option<Order> {
    let attributes: Value = serde_json::from_slice(&answer.body).ok()?;
    let drill: Value = serde_json::from_str(attributes.get(KEY)?.as_str()?).ok()?;
    let date = jiff::fmt::rfc2822::parse(header(answer, DATE.as_str())?).ok()?;
    let remaining_ms = drill["until"].as_i64()? - date.timestamp().as_millisecond();
    let load = drill["load"]
        .as_f64()
        .filter(|load| *load > 0.0 && *load <= HEAVIEST_LOAD)?;
    let known = drill["kind"] == "cpu" && remaining_ms > 0;
    known.then(|| Order {
        load,
        remaining_ms: remaining_ms.min(LONGEST_MS),
    })
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    /// The server's clock in these tests: 2026-11-24 03:00:00 UTC.
    const DATED: &str = "Tue, 24 Nov 2026 03:00:00 GMT";
    const NOW: i64 = 1_795_489_200_000;

    fn told(drill: &str) -> Option<Order> {
        let body = serde_json::json!({ "created-by": "x", KEY: drill }).to_string();
        let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static(DATED))]);
        order(&Answer {
            status: StatusCode::OK,
            headers,
            body: body.into(),
        })
    }

    fn drill(load: f64, until: i64) -> String {
        serde_json::json!({"id": "1", "kind": "cpu", "load": load, "until": until, "by": "admin"})
            .to_string()
    }

    #[test]
    fn a_drill_lasts_until_its_date_on_the_clouds_clock() {
        assert_eq!(
            told(&drill(2.2, NOW + 60_000)),
            Some(Order {
                load: 2.2,
                remaining_ms: 60_000
            })
        );
    }

    #[test]
    fn no_drill_is_longer_than_a_quarter_of_an_hour() {
        assert_eq!(
            told(&drill(1.0, NOW + 3_600_000)).unwrap().remaining_ms,
            LONGEST_MS
        );
    }

    #[test]
    fn what_is_over_or_makes_no_sense_is_ignored() {
        for nonsense in [
            drill(2.2, NOW),
            drill(-1.0, NOW + 1),
            drill(1e9, NOW + 1),
            "{}".to_owned(),
            "x".to_owned(),
        ] {
            assert_eq!(told(&nonsense), None, "{nonsense}");
        }
    }
}
