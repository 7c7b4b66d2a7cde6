//! From the archive that docker wrote before version 25 to an image layout.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    client::{digest_named, digest_of},
    layout::{LayoutError, blob, read, unreadable},
};

/// One image of the archive's `manifest.json`, with files of the archive.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Archived {
    config: String,
    /// Archives of files, the lowest first, not compressed.
    layers: Vec<String>,
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Makes an image layout in the folder into which an archive was unpacked, if it is none already.
///
/// What was built the same has the same digest: nothing of the layout tells when or where it was made.
pub(crate) fn lay_out(folder: &Path) -> Result<(), LayoutError> {
    let (index, listed) = (folder.join("index.json"), folder.join("manifest.json"));
    if index.exists() || !listed.exists() {
        return Ok(());
    }
    let images: Vec<Archived> = read(&listed)?;
    let manifests: Result<Vec<Value>, LayoutError> =
        images.iter().map(|image| manifest(folder, image)).collect();
    write(
        &index,
        &bytes(&json!({"schemaVersion": 2, "manifests": manifests?})),
    )
}

fn manifest(folder: &Path, image: &Archived) -> Result<Value, LayoutError> {
    let config = folder.join(&image.config);
    let config = fs::read(&config).map_err(unreadable(&config))?;
    let config = keep(folder, CONFIGURATION, &config)?;
    let layers = image.layers.iter().map(|layer| compress(folder, layer));
    let layers = layers.collect::<Result<Vec<Value>, LayoutError>>()?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": layers,
    });
    keep(folder, MANIFEST, &bytes(&manifest))
}

/// Keeps a small blob, and describes it.
fn keep(folder: &Path, media_type: &str, content: &[u8]) -> Result<Value, LayoutError> {
    let digest = digest_of(content);
    let path = place(folder, &digest)?;
    write(&path, content)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": content.len()}))
}

/// Keeps a layer as a compressed blob, and describes it. It may be larger than the memory.
fn compress(folder: &Path, layer: &str) -> Result<Value, LayoutError> {
    let source = folder.join(layer);
    let part = folder.join("layer.part");
    let mut from = File::open(&source).map_err(unreadable(&source))?;
    let compressed = File::create(&part).and_then(|file| {
        let hashed = Hashed {
            file,
            hash: Sha256::new(),
            size: 0,
        };
        let mut encoder = GzEncoder::new(hashed, Compression::default());
        io::copy(&mut from, &mut encoder)?;
        encoder.finish()
    });
    let Hashed { hash, size, .. } = compressed.map_err(unwritable(&part))?;
    let digest = digest_named(hash);
    let path = place(folder, &digest)?;
    fs::rename(&part, &path).map_err(unwritable(&path))?;
    Ok(json!({"mediaType": LAYER, "digest": digest, "size": size}))
}

/// A file of which it is known what was written to it.
struct Hashed {
    file: File,
    hash: Sha256,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.file.write(content)?;
        self.hash.update(&content[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where a blob is, in a folder that is there.
fn place(folder: &Path, digest: &str) -> Result<PathBuf, LayoutError> {
    let path = blob(folder, digest);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(unwritable(parent))?;
    Ok(path)
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn write(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    fs::write(path, content).map_err(unwritable(path))
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> LayoutError {
    let path = path.to_owned();
    move |source| LayoutError::Write { path, source }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use crate::registry::Layout;

    fn archive(folder: &Path) {
        let config = json!({"architecture": "amd64", "os": "linux"});
        fs::create_dir(folder.join("one")).unwrap();
        write(&folder.join("c.json"), &bytes(&config)).unwrap();
        write(&folder.join("one/layer.tar"), b"a layer").unwrap();
        let listed = json!([{"Config": "c.json", "RepoTags": [], "Layers": ["one/layer.tar"]}]);
        write(&folder.join("manifest.json"), &bytes(&listed)).unwrap();
    }

    #[test]
    fn an_old_archive_becomes_a_layout_that_is_the_same_each_time() {
        let digests = [(); 2].map(|()| {
            let folder = tempfile::tempdir().unwrap();
            archive(folder.path());
            lay_out(folder.path()).unwrap();
            let layout = Layout::read(folder.path(), "amd64").unwrap();
            assert!(Layout::read(folder.path(), "arm64").is_err());
            layout.digest().to_owned()
        });
        assert_eq!(digests[0], digests[1]);
    }

    #[test]
    fn what_is_a_layout_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        archive(folder.path());
        let index = folder.path().join("index.json");
        write(&index, b"{}").unwrap();
        lay_out(folder.path()).unwrap();
        assert_eq!(fs::read(&index).unwrap(), b"{}");
        assert!(!folder.path().join("blobs").exists());
    }
}
