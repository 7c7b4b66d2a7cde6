use reqwest::Method;

use super::wire::wire_struct;
use crate::{Client, Error};

wire_struct! {
    /// What a boot disk begins with.
    pub struct Image {
        /// Its name, which says its version.
        pub name: String,
        /// The family whose newest it is.
        pub family: Option<String>,
        /// Its own URL.
        pub self_link: Option<String>,
    }
}

impl Client {
    /// The newest image of a family that a project publishes, such as `cos-125-lts` of `cos-cloud`.
    pub async fn newest_image(&self, project: &str, family: &str) -> Result<Image, Error> {
        let path = ["global", "images", "family", family];
        self.send(&self.compute_of_project(Method::GET, project, &path)?)
            .await
    }
}
