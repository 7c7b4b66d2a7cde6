use reqwest::Method;

use super::Region;
use super::wire::wire_struct;
use crate::{Client, Error};

wire_struct! {
    /// How much of something the project may have, and has.
    pub struct Quota {
        /// `CPUS`, `INSTANCES`, …; Google leaves out what it does not count.
        pub metric: String,
        /// The most that it may have.
        pub limit: Option<f64>,
        /// What it has; lags behind.
        pub usage: Option<f64>,
    }
}

wire_struct! {
    /// The project as Compute knows it.
    pub struct Project {
        /// Its id.
        pub name: String,
        /// What it may have outside of regions, and has.
        pub quotas: Vec<Quota>,
        /// The account of instances whose template names none.
        pub default_service_account: Option<String>,
    }
}

impl Client {
    /// A region, with its quotas; 404 where there is none.
    pub async fn region(&self, name: &str) -> Result<Region, Error> {
        self.send(&self.compute_below_project(Method::GET, &["regions", name])?)
            .await
    }

    /// The project as Compute knows it, with its global quotas.
    pub async fn compute_project(&self) -> Result<Project, Error> {
        self.send(&self.compute_below_project(Method::GET, &[])?)
            .await
    }
}
