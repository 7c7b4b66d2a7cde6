//! What can be done to any Compute resource.

use futures::Stream;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::compute::Operation;
use crate::page::{Aggregated, List, items};
use crate::request::Request;
use crate::{Client, Error, Scope};

/// A kind of Compute resource, known by the name of its collection.
pub trait Resource: Serialize + DeserializeOwned + Send + 'static {
    /// As it stands in the path: `instanceGroupManagers`.
    const COLLECTION: &'static str;
}

impl Client {
    /// Reads one resource.
    pub async fn get<T: Resource>(&self, scope: &Scope, name: &str) -> Result<T, Error> {
        self.send(&self.compute(Method::GET, scope, &[T::COLLECTION, name])?)
            .await
    }

    /// Reads one resource as it is on the wire.
    pub async fn get_value(
        &self,
        scope: &Scope,
        collection: &str,
        name: &str,
    ) -> Result<Value, Error> {
        self.send(&self.compute(Method::GET, scope, &[collection, name])?)
            .await
    }

    /// All resources of a kind in one scope.
    pub fn list<T: Resource>(
        &self,
        scope: &Scope,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let request = self.compute(Method::GET, scope, &[T::COLLECTION]);
        items::<List<T>>(self.clone(), request.map(full_pages))
    }

    /// All resources of a kind in one scope, as they are on the wire.
    pub fn list_values(
        &self,
        scope: &Scope,
        collection: &str,
    ) -> impl Stream<Item = Result<Value, Error>> + Send + use<> {
        let request = self.compute(Method::GET, scope, &[collection]);
        items::<List<Value>>(self.clone(), request.map(full_pages))
    }

    /// All resources of a kind in the project, whatever their scope.
    pub fn aggregated_list<T: Resource>(
        &self,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let request = self.compute_below_project(Method::GET, &["aggregated", T::COLLECTION]);
        items::<Aggregated<T>>(self.clone(), request.map(full_pages))
    }

    /// Creates a resource.
    pub async fn insert<T: Resource>(&self, scope: &Scope, body: &T) -> Result<Operation, Error> {
        let body = serde_json::to_value(body).unwrap_or_default();
        self.insert_value(scope, T::COLLECTION, body).await
    }

    /// Creates a resource from JSON.
    pub async fn insert_value(
        &self,
        scope: &Scope,
        collection: &str,
        body: Value,
    ) -> Result<Operation, Error> {
        let request = self.compute(Method::POST, scope, &[collection])?;
        self.send(&request.body(body).with_request_id()).await
    }

    /// Changes a resource by JSON merge patch (RFC 7396): `null` deletes, an array replaces.
    pub async fn patch<T: Resource>(
        &self,
        scope: &Scope,
        name: &str,
        patch: Value,
    ) -> Result<Operation, Error> {
        self.patch_value(scope, T::COLLECTION, name, patch).await
    }

    /// Changes a resource whose kind is known by name only.
    pub async fn patch_value(
        &self,
        scope: &Scope,
        collection: &str,
        name: &str,
        patch: Value,
    ) -> Result<Operation, Error> {
        let request = if collection == "autoscalers" {
            // The one collection whose PATCH names its resource in the query.
            self.compute(Method::PATCH, scope, &[collection])?
                .query("autoscaler", name)
        } else {
            self.compute(Method::PATCH, scope, &[collection, name])?
        };
        self.send(&request.body(patch).with_request_id()).await
    }

    /// Deletes a resource.
    pub async fn delete<T: Resource>(&self, scope: &Scope, name: &str) -> Result<Operation, Error> {
        self.delete_value(scope, T::COLLECTION, name).await
    }

    /// Deletes a resource whose kind is known by name only.
    pub async fn delete_value(
        &self,
        scope: &Scope,
        collection: &str,
        name: &str,
    ) -> Result<Operation, Error> {
        let request = self.compute(Method::DELETE, scope, &[collection, name])?;
        self.send(&request.with_request_id()).await
    }

    /// Replaces a resource's labels. The fingerprint must be that of the labels as read, else Google
    /// answers 412.
    pub async fn set_labels(
        &self,
        scope: &Scope,
        collection: &str,
        name: &str,
        labels: &Map<String, Value>,
        fingerprint: &str,
    ) -> Result<Operation, Error> {
        let request = self.compute(Method::POST, scope, &[collection, name, "setLabels"])?;
        let body = json!({ "labels": labels, "labelFingerprint": fingerprint });
        self.send(&request.body(body).with_request_id()).await
    }
}

fn full_pages(request: Request) -> Request {
    request.query("maxResults", "500")
}
