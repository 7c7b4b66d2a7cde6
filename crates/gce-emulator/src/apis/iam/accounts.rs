//! Service accounts. A new one is unknown for a while, as at Google, to whoever asks for it and to
//! policies that name it; creating it once more is refused at once.

use std::time::Duration;

use autoscaler::Timestamp;
use serde_json::{Value, json};

use crate::{
    api::Cloud,
    apis::{
        asked::Api,
        decide::decide,
        engine::{self, Behaviour, Body, Id, Row},
        org_policy,
    },
    clock::{parse_rfc3339, rfc3339},
    compute::{call::Call, change::Change, checks::is_label, fingerprint, schema::text},
    error::ApiError,
    identity::Policy,
    resource::{Key, Kind, Resource},
};

/// How long a new account is unknown, in emulated time. At Google it may take a minute and more;
/// this is long enough to meet whoever does not wait.
const UNKNOWN_FOR: Duration = Duration::from_secs(7);

/// Google's limits, in bytes.
const DISPLAY_NAME: usize = 100;
const DESCRIPTION: usize = 256;

/// When it was made; no field of Google's, and never shown.
const MADE: &str = "made";

pub(super) const ROW: Row = Row {
    api: Api::Iam,
    kind: Kind::ServiceAccount,
    rpc: ("google.iam.admin.v1", "ServiceAccount"),
    items: "accounts",
    id: Id::Body("accountId"),
    inside: Some("serviceAccount"),
    fields: &[text("displayName"), text("description")],
    required: &[],
    immutable: &[],
    output_only: &[
        "projectId",
        "uniqueId",
        "email",
        "oauth2ClientId",
        "disabled",
        MADE,
    ],
    times: (None, None),
    has_etag: true,
    is_long: false,
    behaviour: &Accounts,
};

struct Accounts;

impl Behaviour for Accounts {
    fn name(&self, project: &str, id: &str) -> Result<String, ApiError> {
        if is_label(id, 6..=30) {
            return Ok(format!("{id}@{project}.iam.gserviceaccount.com"));
        }
        let why = "It must be from 6 to 30 lower-case letters, digits and dashes, begin with a \
                   letter and not end with a dash.";
        Err(ApiError::invalid("accountId", id, why))
    }

    fn missing(&self, path: &str) -> ApiError {
        ApiError::missing(format!("Service account {path} does not exist."))
    }

    fn exists(&self, path: &str) -> ApiError {
        let (parent, email) = path.split_once("/serviceAccounts/").unwrap_or(("", path));
        let id = email.split('@').next().unwrap_or_default();
        ApiError::exists(format!(
            "Service account {id} already exists within project {parent}."
        ))
    }

    fn check(
        &self,
        change: &mut Change<'_, '_>,
        _key: &Key,
        old: Option<&Body>,
        body: &mut Body,
    ) -> Result<(), ApiError> {
        for (field, limit) in [("displayName", DISPLAY_NAME), ("description", DESCRIPTION)] {
            let given = body.get(field).and_then(Value::as_str).unwrap_or_default();
            if given.len() > limit {
                let why = format!("It must be at most {limit} bytes long.");
                return Err(ApiError::invalid(field, given, &why));
            }
        }
        if old.is_none() {
            org_policy::refuse_if_enforced(change, org_policy::NO_ACCOUNTS)?;
            body.insert(MADE.into(), json!(rfc3339(change.now)));
        }
        Ok(())
    }

    fn delete(&self, change: &mut Change<'_, '_>, account: &Resource) -> Result<(), ApiError> {
        for policy in change.tx.list(Kind::IamPolicy, None) {
            let left = Policy::stored(&policy).without_account(&account.key.name, &uid(account));
            if let Some(left) = left {
                change
                    .tx
                    .put(Resource::new(policy.key.clone(), left.body()));
            }
        }
        change.tx.delete(&account.key);
        Ok(())
    }

    fn is_visible(&self, now: Timestamp, account: &Resource) -> bool {
        let made = account.text(MADE).and_then(parse_rfc3339);
        made.is_none_or(|made| now.0 - made.0 >= UNKNOWN_FOR.as_millis() as i64)
    }

    fn view(&self, project: &str, account: &Resource) -> Value {
        let mut body = account.body.clone();
        body.remove(MADE);
        body.insert("name".into(), json!(account.key.path(project)));
        body.insert("email".into(), json!(account.key.name));
        body.insert("projectId".into(), json!(project));
        body.insert("uniqueId".into(), json!(uid(account)));
        body.insert("oauth2ClientId".into(), json!(uid(account)));
        Value::Object(body)
    }
}

/// Google's are numbers of twenty-one digits.
fn uid(account: &Resource) -> String {
    format!("1{:020}", account.id)
}

/// Whether a policy can name an account: those of other projects are not known here.
pub(crate) fn is_known(change: &Change<'_, '_>, email: &str) -> bool {
    let ours = format!("@{}.iam.gserviceaccount.com", change.project);
    match email.strip_suffix(&ours) {
        // The account that instances have whose template names none.
        None | Some("default") => true,
        Some(_) => {
            let found = change.tx.get(&Key::global(Kind::ServiceAccount, email));
            found.is_some_and(|account| Accounts.is_visible(change.now, &account))
        }
    }
}

/// `disable` and `enable`.
pub(super) async fn switch(
    cloud: &Cloud,
    key: &Key,
    disable: bool,
    call: Call,
) -> Result<Value, ApiError> {
    engine::find(cloud, &ROW, key)?;
    let (key, verb) = (key.clone(), if disable { "Disable" } else { "Enable" });
    let method = format!("google.iam.admin.v1.{verb}ServiceAccount");
    decide(cloud, call, (Api::Iam, method), move |change, _| {
        engine::find_in(change, &ROW, &key)?;
        change.tx.update(&key, |body| {
            if disable {
                body.insert("disabled".into(), json!(true));
            } else {
                body.remove("disabled");
            }
            body.insert("etag".into(), fingerprint::fresh());
        });
        Ok((key, json!({})))
    })
    .await
}
