//! An image in a folder, as the OCI image layout specification has it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use super::client::{Platform, digest_of};

/// One image of a folder, with all that it refers to.
#[derive(Debug)]
pub(crate) struct Layout {
    folder: PathBuf,
    pub(super) manifest: Descriptor,
    /// Configuration and layers, each once.
    pub(super) blobs: Vec<Descriptor>,
}

/// Why a folder holds no image that could be pushed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not what an image layout has there", path.display())]
    Odd {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("no image in it is for linux/{0}")]
    Platform(String),
    #[error("the blob {0} has another content than its name says")]
    Digest(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Layout {
    /// The image for an architecture (`amd64`) of a folder in which indexes may lead to further ones.
    pub(crate) fn read(folder: &Path, architecture: &str) -> Result<Self, LayoutError> {
        let index: Index = read(&folder.join("index.json"))?;
        let mut left = index.manifests;
        while let Some(descriptor) = left.pop() {
            let path = blob(folder, &descriptor.digest);
            if descriptor.media_type.contains("index") || descriptor.media_type.contains("list") {
                left.extend(read::<Index>(&path)?.manifests);
                continue;
            }
            let manifest: Manifest = read(&path)?;
            // What else is beside images, such as attestations, has no platform in its configuration.
            let platform = read::<Platform>(&blob(folder, &manifest.config.digest)).ok();
            if platform.is_some_and(|platform| platform.runs_on(architecture)) {
                let blobs: BTreeSet<_> = manifest
                    .layers
                    .into_iter()
                    .chain([manifest.config])
                    .collect();
                return Ok(Self {
                    folder: folder.to_owned(),
                    manifest: descriptor,
                    blobs: blobs.into_iter().collect(),
                });
            }
        }
        Err(LayoutError::Platform(architecture.to_owned()))
    }

    /// What a registry will know the image by.
    pub(crate) fn digest(&self) -> &str {
        &self.manifest.digest
    }

    /// The manifest's exact bytes.
    pub(super) fn manifest(&self) -> Result<Vec<u8>, LayoutError> {
        let path = self.path(&self.manifest);
        let bytes = fs::read(&path).map_err(unreadable(&path))?;
        if digest_of(&bytes) != self.manifest.digest {
            return Err(LayoutError::Digest(self.manifest.digest.clone()));
        }
        Ok(bytes)
    }

    /// Where a blob is.
    pub(super) fn path(&self, descriptor: &Descriptor) -> PathBuf {
        blob(&self.folder, &descriptor.digest)
    }
}

/// `sha256:…` is a file of the folder `sha256`.
pub(super) fn blob(folder: &Path, digest: &str) -> PathBuf {
    folder.join("blobs").join(digest.replace(':', "/"))
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, LayoutError> {
    let text = fs::read(path).map_err(unreadable(path))?;
    serde_json::from_slice(&text).map_err(|source| LayoutError::Odd {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> LayoutError {
    let path = path.to_owned();
    move |source| LayoutError::Read { path, source }
}
