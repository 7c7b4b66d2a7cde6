//! One command at a time: a lock in the labels of the deployment's address.
//!
//! The address is there before everything else and goes last, and Compute refuses to set its labels for
//! whoever read them before somebody else's change (`labelFingerprint`, Compute v1). Before there is an
//! address, making it is the lock: only one of two can.
//!
//! A lock is a lease. Its holder renews it; one that was killed leaves a lock that ends by itself. Times
//! are those of the holders' own clocks, which must agree within the length of a lease.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gce::{Client, Error, Scope};
use serde_json::{Map, Value};
use uuid::Uuid;

/// How long a lock lasts that nobody renews, and how often its holder does.
const LEASE: Duration = Duration::from_mins(2);
const RENEW_EVERY: Duration = Duration::from_secs(30);
/// Between two attempts of somebody who was not first, or whose renewal did not get through.
const TRY_AGAIN: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 10;

const COLLECTION: &str = "addresses";
const ID: &str = "flaskscale-lock";
const UNTIL: &str = "flaskscale-lock-until";
const SINCE: &str = "flaskscale-lock-since";
const USER: &str = "flaskscale-lock-user";
const HOST: &str = "flaskscale-lock-host";
const PROCESS: &str = "flaskscale-lock-process";
const LABELS: [&str; 6] = [ID, UNTIL, SINCE, USER, HOST, PROCESS];

/// Who works on a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// The name of the person's account.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// Which process of which machine, in a form that the machine itself can read.
    pub process: String,
}

/// Who holds a lock. Its texts are as labels can hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    id: String,
    /// Who it is.
    pub worker: Worker,
    /// Seconds since the Unix epoch.
    pub since: u64,
    /// When the lock ends unless it is renewed, likewise.
    pub until: u64,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("{0}")]
    Held(Box<Holder>),
    /// Others were always faster.
    #[error("the lock changes hands all the time")]
    Contended,
    /// The cloud refused.
    #[error("cannot lock the deployment")]
    Cloud(#[from] Error),
}

/// A lock that is held, until it is released or its lease ends.
#[derive(Debug)]
pub struct Lock {
    client: Client,
    address: String,
    id: String,
    holder: Worker,
    since: u64,
}

impl Lock {
    /// Takes the lock of a deployment for a worker; `is_gone` says whether a holder is known to have
    /// ended. Without an address it is made as `new_address` says, and where that says nothing there is
    /// nothing to lock.
    pub async fn take(
        client: &Client,
        deployment: &str,
        worker: Worker,
        new_address: Option<&Value>,
        is_gone: impl Fn(&Holder) -> bool,
    ) -> Result<Option<Self>, LockError> {
        let lock = Self {
            client: client.clone(),
            address: format!("{deployment}-ip"),
            id: Uuid::new_v4().simple().to_string(),
            holder: worker,
            since: now(),
        };
        for _ in 0..ATTEMPTS {
            let step = match lock.read().await? {
                Some(address) => {
                    let holder = holder_of(&address["labels"]);
                    match holder {
                        Some(holder) if holder.id == lock.id => return Ok(Some(lock)),
                        Some(holder) if holder.until > now() && !is_gone(&holder) => {
                            return Err(LockError::Held(Box::new(holder)));
                        }
                        _ => lock.write(&address, lock.labels()).await,
                    }
                }
                None => match new_address {
                    Some(body) => lock.create(body).await,
                    None => return Ok(None),
                },
            };
            // What was written is read again: only then it is known whose it is.
            match step {
                Err(error) if error.is_conflict() => tokio::time::sleep(TRY_AGAIN).await,
                other => other?,
            }
        }
        Err(LockError::Contended)
    }

    /// Renews the lock for as long as it is ours, and says what became of it otherwise.
    pub async fn keep(&self) -> LockError {
        let mut until = now() + LEASE.as_secs();
        let mut pause = RENEW_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            pause = TRY_AGAIN;
            match self.renew().await {
                Ok(()) => {
                    until = now() + LEASE.as_secs();
                    pause = RENEW_EVERY;
                }
                Err(LockError::Cloud(error)) if error.is_not_found() => {
                    // The deployment is gone, and with it what could be locked.
                    return std::future::pending().await;
                }
                Err(LockError::Cloud(_)) if now() < until => {}
                Err(lost) => return lost,
            }
        }
    }

    async fn renew(&self) -> Result<(), LockError> {
        let address = self.get().await?;
        match holder_of(&address["labels"]) {
            Some(holder) if holder.id == self.id => Ok(self.write(&address, self.labels()).await?),
            Some(holder) => Err(LockError::Held(Box::new(holder))),
            None => Err(LockError::Contended),
        }
    }

    /// Gives the lock back. One that cannot be given back ends by itself.
    pub async fn release(self) {
        for _ in 0..ATTEMPTS {
            match self.give_back().await {
                Err(error) if error.is_conflict() => tokio::time::sleep(TRY_AGAIN).await,
                Err(error) if !error.is_not_found() => {
                    tracing::warn!(%error, "the lock of the deployment ends only in two minutes");
                    return;
                }
                _ => return,
            }
        }
    }

    async fn give_back(&self) -> Result<(), Error> {
        let address = self.get().await?;
        match holder_of(&address["labels"]) {
            Some(holder) if holder.id == self.id => self.write(&address, Map::new()).await,
            _ => Ok(()),
        }
    }

    async fn get(&self) -> Result<Value, Error> {
        self.client
            .get_value(&Scope::Global, COLLECTION, &self.address)
            .await
    }

    async fn read(&self) -> Result<Option<Value>, Error> {
        match self.get().await {
            Ok(address) => Ok(Some(address)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, body: &Value) -> Result<(), Error> {
        let mut body = body.clone();
        body["labels"] = Value::Object(self.labels());
        let operation = self
            .client
            .insert_value(&Scope::Global, COLLECTION, body)
            .await?;
        self.client.wait(operation).await.map(drop)
    }

    /// Replaces the labels of the lock and keeps all others.
    async fn write(&self, address: &Value, lock: Map<String, Value>) -> Result<(), Error> {
        let mut labels = address["labels"].as_object().cloned().unwrap_or_default();
        labels.retain(|label, _| !LABELS.contains(&label.as_str()));
        labels.extend(lock);
        let fingerprint = address["labelFingerprint"].as_str().unwrap_or_default();
        let set = self.client.set_labels(
            &Scope::Global,
            COLLECTION,
            &self.address,
            &labels,
            fingerprint,
        );
        self.client.wait(set.await?).await.map(drop)
    }

    fn labels(&self) -> Map<String, Value> {
        let Worker {
            user,
            host,
            process,
        } = &self.holder;
        let until = now() + LEASE.as_secs();
        let labels = [
            (ID, self.id.clone()),
            (UNTIL, until.to_string()),
            (SINCE, self.since.to_string()),
            (USER, label(user)),
            (HOST, label(host)),
            (PROCESS, label(process)),
        ];
        labels
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect()
    }
}

impl fmt::Display for Holder {
    /// `root on laptop works on it since 2026-03-01T09:00:00Z: wait for its end; if it was killed, …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Worker { user, host, .. } = &self.worker;
        write!(
            f,
            "{user} on {host} works on it since {}: wait for the end of that; a lock whose holder was killed \
             ends at {}",
            instant(self.since),
            instant(self.until)
        )
    }
}

/// The holder that labels name, if they name one.
fn holder_of(labels: &Value) -> Option<Holder> {
    let text = |label: &str| labels[label].as_str().unwrap_or_default().to_owned();
    let number = |label: &str| text(label).parse().unwrap_or_default();
    let id = labels[ID].as_str()?.to_owned();
    Some(Holder {
        id,
        worker: Worker {
            user: text(USER),
            host: text(HOST),
            process: text(PROCESS),
        },
        since: number(SINCE),
        until: number(UNTIL),
    })
}

/// As Google allows it in a label: at most 63 lower-case letters, digits, dashes and underscores.
fn label(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let lower = text.chars().map(|c| c.to_ascii_lowercase());
    lower
        .map(|c| if allowed(c) { c } else { '-' })
        .take(63)
        .collect()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn instant(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_second(seconds);
    instant.map_or_else(
        |_| "an unknown time".to_owned(),
        |instant| instant.to_string(),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_holder_is_read_from_labels_and_named_in_a_sentence() {
        let labels = json!({
            ID: "7", USER: label("Ada.Lovelace"), HOST: "laptop", PROCESS: "a-1",
            SINCE: "1772355600", UNTIL: "1772355720", "team": "web",
        });
        let holder = holder_of(&labels).unwrap();
        assert_eq!(
            holder.to_string(),
            "ada-lovelace on laptop works on it since 2026-03-01T09:00:00Z: wait for the end of that; a lock \
             whose holder was killed ends at 2026-03-01T09:02:00Z"
        );
        assert_eq!(holder_of(&json!({"team": "web"})), None);
        assert_eq!(holder_of(&Value::Null), None);
    }

    #[test]
    fn whatever_somebody_is_called_is_a_label() {
        assert_eq!(label("Zoë@Host.example"), "zo--host-example");
        assert_eq!(label(&"x".repeat(100)).len(), 63);
    }
}
