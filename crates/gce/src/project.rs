//! Resource Manager v3 and Cloud Billing v1: the project, and who pays for it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::compute::wire::wire_struct;
use crate::{Client, Error};

/// Google's limit for one call.
const PERMISSIONS_AT_ONCE: usize = 100;

wire_struct! {
    /// The project.
    pub struct Project {
        /// `projects/NUMBER`.
        pub name: String,
        /// Its id.
        pub project_id: String,
        /// `ACTIVE`, or `DELETE_REQUESTED`.
        pub state: Option<String>,
        /// `organizations/…` or `folders/…`; absent without an organisation.
        pub parent: Option<String>,
    }
}

impl Project {
    /// The number by which some APIs name it.
    pub fn number(&self) -> &str {
        crate::name_of(&self.name)
    }

    /// Whether it is in use: not being deleted.
    pub fn is_active(&self) -> bool {
        self.state.as_deref() == Some("ACTIVE")
    }
}

wire_struct! {
    /// Who pays for the project.
    pub struct BillingInfo {
        /// Whether somebody does, with an account that is open.
        pub billing_enabled: bool,
        /// `billingAccounts/…`, or empty.
        pub billing_account_name: String,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Held {
    permissions: BTreeSet<String>,
}

impl Client {
    /// The project itself. Google answers 403 also where there is none.
    pub async fn project_info(&self) -> Result<Project, Error> {
        let path = ["v3", "projects", self.project()];
        let request = self.beside(Method::GET, |at| &at.resource_manager, &path)?;
        self.send(&request).await
    }

    /// Who pays for the project.
    pub async fn billing_info(&self) -> Result<BillingInfo, Error> {
        let path = ["v1", "projects", self.project(), "billingInfo"];
        let request = self.beside(Method::GET, |at| &at.billing, &path)?;
        self.send(&request).await
    }

    /// Which of some permissions the caller holds on the project. What was granted on one resource
    /// alone is not seen here, and an unknown name makes the whole call fail.
    pub async fn held_permissions(&self, names: &[&str]) -> Result<BTreeSet<String>, Error> {
        let call = format!("{}:testIamPermissions", self.project());
        let mut held = BTreeSet::new();
        for names in names.chunks(PERMISSIONS_AT_ONCE) {
            let path = ["v3", "projects", &call];
            let request = self.beside(Method::POST, |at| &at.resource_manager, &path)?;
            let request = request.body(json!({ "permissions": names })).repeatable();
            held.extend(self.send::<Held>(&request).await?.permissions);
        }
        Ok(held)
    }
}
