//! Artifact Registry v1: repositories of images.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::compute::wire::wire_struct;
use crate::long_running::LongRunning;
use crate::request::Request;
use crate::{Client, Endpoints, Error};

wire_struct! {
    /// A repository.
    pub struct Repository {
        /// `projects/P/locations/L/repositories/ID`.
        pub name: String,
        /// `DOCKER`.
        pub format: Option<String>,
        /// What it is for.
        pub description: Option<String>,
        /// Values by name.
        pub labels: BTreeMap<String, String>,
        /// Which images go by themselves, by the policies' ids; KEEP wins over DELETE.
        pub cleanup_policies: BTreeMap<String, CleanupPolicy>,
        /// `L-docker.pkg.dev/P/ID`: what images are pushed to.
        pub registry_uri: Option<String>,
        /// A decimal int64.
        pub size_bytes: Option<String>,
    }
}

wire_struct! {
    /// Which images stay, or go.
    pub struct CleanupPolicy {
        /// The same as its key.
        pub id: Option<String>,
        /// `KEEP` or `DELETE`.
        pub action: Option<String>,
        /// `tagState`, `olderThan`, …, as Google has them.
        pub condition: Option<Value>,
        /// `keepCount`, as Google has it.
        pub most_recent_versions: Option<Value>,
    }
}

fn api(endpoints: &Endpoints) -> &String {
    &endpoints.artifact_registry
}

impl Client {
    /// Reads a repository.
    pub async fn repository(&self, location: &str, id: &str) -> Result<Repository, Error> {
        self.send(&self.repository_request(Method::GET, location, Some(id))?)
            .await
    }

    /// Makes a repository and waits for it.
    pub async fn create_repository(
        &self,
        location: &str,
        id: &str,
        repository: &Repository,
    ) -> Result<Repository, Error> {
        let request = self.repository_request(Method::POST, location, None)?;
        let request = request.query("repositoryId", id).body(json!(repository));
        let operation: LongRunning = self.send(&request).await?;
        self.wait_long(api, operation).await
    }

    /// Changes what `mask` names: `cleanupPolicies,labels`. Format and location cannot change.
    pub async fn patch_repository(
        &self,
        location: &str,
        id: &str,
        mask: &str,
        repository: &Repository,
    ) -> Result<Repository, Error> {
        let request = self.repository_request(Method::PATCH, location, Some(id))?;
        let request = request.query("updateMask", mask).repeatable();
        self.send(&request.body(json!(repository))).await
    }

    /// Deletes a repository with all its images, for good, and waits for it.
    pub async fn delete_repository(&self, location: &str, id: &str) -> Result<(), Error> {
        let request = self.repository_request(Method::DELETE, location, Some(id))?;
        match self.send::<LongRunning>(&request.repeatable()).await {
            Ok(operation) => self.wait_long::<Value>(api, operation).await.map(drop),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn repository_request(
        &self,
        method: Method,
        location: &str,
        id: Option<&str>,
    ) -> Result<Request, Error> {
        let place = [
            "v1",
            "projects",
            self.project(),
            "locations",
            location,
            "repositories",
        ];
        let path: Vec<&str> = place.into_iter().chain(id).collect();
        self.beside(method, api, &path)
    }
}
