use reqwest::Method;
use serde_json::{Value, json};

use super::accounts::gone;
use crate::compute::wire::wire_struct;
use crate::{Client, Endpoints, Error};

wire_struct! {
    /// A custom role of the project.
    pub struct Role {
        /// `projects/P/roles/ID`.
        pub name: String,
        /// What people call it.
        pub title: Option<String>,
        /// What it is for.
        pub description: Option<String>,
        /// `GA` and the like.
        pub stage: Option<String>,
        /// What it lets do.
        pub included_permissions: Vec<String>,
        /// Guards against overwriting somebody else's change.
        pub etag: Option<String>,
        /// Whether it only waits for its end. Its id is taken all the same.
        pub deleted: bool,
    }
}

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.iam
}

impl Client {
    /// Reads a custom role; a deleted one is read for a while longer.
    pub async fn role(&self, id: &str) -> Result<Role, Error> {
        let path = ["v1", "projects", self.project(), "roles", id];
        self.send(&self.beside(Method::GET, api, &path)?).await
    }

    /// Makes a custom role such as it is wanted, whatever is there: brings back a deleted one, changes
    /// an existing one where it differs, and makes a missing one. Its name and etag are ignored.
    pub async fn put_role(&self, id: &str, wanted: &Role) -> Result<Role, Error> {
        let mut there = match self.role(id).await {
            Ok(role) => role,
            Err(error) if error.is_not_found() => return self.create_role(id, wanted).await,
            Err(error) => return Err(error),
        };
        if there.deleted {
            there = self.undelete_role(id).await?;
        }
        let same = there.title == wanted.title
            && there.description == wanted.description
            && there.stage == wanted.stage
            && there.included_permissions == wanted.included_permissions;
        if same {
            return Ok(there);
        }
        let path = ["v1", "projects", self.project(), "roles", id];
        let mask = "title,description,stage,includedPermissions";
        let request = self.beside(Method::PATCH, api, &path)?;
        let request = request.query("updateMask", mask).repeatable();
        self.send(&request.body(body(wanted))).await
    }

    async fn create_role(&self, id: &str, wanted: &Role) -> Result<Role, Error> {
        let path = ["v1", "projects", self.project(), "roles"];
        let request = self.beside(Method::POST, api, &path)?;
        let body = json!({"roleId": id, "role": body(wanted)});
        self.send(&request.body(body)).await
    }

    async fn undelete_role(&self, id: &str) -> Result<Role, Error> {
        let call = format!("{id}:undelete");
        let path = ["v1", "projects", self.project(), "roles", &call];
        let request = self.beside(Method::POST, api, &path)?;
        self.send(&request.body(json!({}))).await
    }

    /// Deletes a custom role. Its id is taken for weeks; [`Client::put_role`] brings it back.
    pub async fn delete_role(&self, id: &str) -> Result<(), Error> {
        let path = ["v1", "projects", self.project(), "roles", id];
        let request = self.beside(Method::DELETE, api, &path)?.repeatable();
        gone(self.send::<Value>(&request).await)
    }
}

/// What a caller may say of a role.
fn body(role: &Role) -> Value {
    json!({"title": role.title, "description": role.description, "stage": role.stage,
        "includedPermissions": role.included_permissions})
}
