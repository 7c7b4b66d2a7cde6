use std::time::{Duration, Instant};

use futures::Stream;
use reqwest::Method;
use serde_json::{Value, json};

use crate::compute::wire::wire_struct;
use crate::page::{items, page_of};
use crate::{Client, Endpoints, Error};

/// An account counts as known once it was read so often in a row: front ends hear of it one by one.
const READS_IN_A_ROW: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
const GIVE_UP_AFTER: Duration = Duration::from_mins(2);

wire_struct! {
    /// A service account.
    pub struct ServiceAccount {
        /// `projects/P/serviceAccounts/EMAIL`.
        pub name: String,
        /// `ID@P.iam.gserviceaccount.com`.
        pub email: String,
        /// Tells it from another one that had the same address before.
        pub unique_id: Option<String>,
        /// At most 100 bytes.
        pub display_name: Option<String>,
        /// At most 256 bytes.
        pub description: Option<String>,
        /// Whether it can be used.
        pub disabled: bool,
    }
}

page_of!(Accounts {
    accounts: ServiceAccount
});

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.iam
}

impl Client {
    /// The address that an account of this project has by its id.
    pub fn service_account_email(&self, id: &str) -> String {
        format!("{id}@{}.iam.gserviceaccount.com", self.project())
    }

    /// Reads an account.
    pub async fn service_account(&self, email: &str) -> Result<ServiceAccount, Error> {
        let path = ["v1", "projects", self.project(), "serviceAccounts", email];
        self.send(&self.beside(Method::GET, api, &path)?).await
    }

    /// All accounts of the project.
    pub fn service_accounts(
        &self,
    ) -> impl Stream<Item = Result<ServiceAccount, Error>> + Send + use<> {
        let path = ["v1", "projects", self.project(), "serviceAccounts"];
        let request = self.beside(Method::GET, api, &path);
        items::<Accounts>(
            self.clone(),
            request.map(|request| request.query("pageSize", "100")),
        )
    }

    /// Makes an account and waits until it can be read, which is a while later.
    pub async fn create_service_account(
        &self,
        id: &str,
        display_name: &str,
        description: &str,
    ) -> Result<ServiceAccount, Error> {
        let path = ["v1", "projects", self.project(), "serviceAccounts"];
        let about = json!({"displayName": display_name, "description": description});
        let body = json!({"accountId": id, "serviceAccount": about});
        let request = self.beside(Method::POST, api, &path)?.body(body);
        let made: ServiceAccount = self.send(&request).await?;
        self.wait_for_service_account(&made.email).await
    }

    /// Waits until an account can be read several times in a row. Policies may not know it even then:
    /// [`Client::change_iam_policy`] has patience of its own.
    pub async fn wait_for_service_account(&self, email: &str) -> Result<ServiceAccount, Error> {
        let started = Instant::now();
        let mut row = 0;
        loop {
            match self.service_account(email).await {
                Ok(account) => {
                    row += 1;
                    if row == READS_IN_A_ROW {
                        return Ok(account);
                    }
                }
                // Google hides with 403 what it has not heard of.
                Err(error) if !matches!(error.status(), Some(403 | 404)) => return Err(error),
                Err(error) if started.elapsed() > GIVE_UP_AFTER => return Err(error),
                Err(_) => {
                    row = 0;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Changes what an account says of itself.
    pub async fn describe_service_account(
        &self,
        email: &str,
        description: &str,
    ) -> Result<ServiceAccount, Error> {
        let path = ["v1", "projects", self.project(), "serviceAccounts", email];
        let account = json!({ "description": description });
        let body = json!({ "serviceAccount": account, "updateMask": "description" });
        let request = self.beside(Method::PATCH, api, &path)?;
        self.send(&request.body(body).repeatable()).await
    }

    /// Deletes an account. Bindings that name it should be taken away first: they would stay, and name
    /// nobody.
    pub async fn delete_service_account(&self, email: &str) -> Result<(), Error> {
        let path = ["v1", "projects", self.project(), "serviceAccounts", email];
        let request = self.beside(Method::DELETE, api, &path)?.repeatable();
        gone(self.send::<Value>(&request).await)
    }
}

/// What was gone already is as good as deleted.
pub(crate) fn gone(answer: Result<Value, Error>) -> Result<(), Error> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
