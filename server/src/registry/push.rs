//! To a registry: every blob that it does not have, then the manifest that names them.
//!
//! A blob goes in one piece, as Artifact Registry wants it, and streams from its file.

use std::time::Duration;

use http::{
    Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use reqwest::{Body, Url};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::{Layout, Registry, RegistryError, client::Ask, layout::Descriptor};

/// For one blob, which may be a gigabyte on a slow line.
const UPLOAD: Duration = Duration::from_hours(1);
/// A registry that fails may not do so again; what it has already is not sent twice.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

impl Registry<'_> {
    /// Pushes an image under the tag of the name that this registry was asked about. Gives how many
    /// bytes went over the line.
    pub(crate) async fn push(&mut self, layout: &Layout) -> Result<u64, RegistryError> {
        let mut sent = 0;
        for blob in &layout.blobs {
            sent += self.push_blob(layout, blob).await?;
        }
        let manifest = layout.manifest().map_err(RegistryError::Layout)?;
        let tag = self.image().tag.clone();
        let kind = layout.manifest.media_type.clone();
        let put = async |ask: &Ask<'_>| {
            let request = ask.request(Method::PUT, &format!("manifests/{tag}"));
            Ok(request.header(CONTENT_TYPE, &kind).body(manifest.clone()))
        };
        let answer = self.ask(put).await?;
        self.expect(&answer, StatusCode::CREATED)?;
        Ok(sent)
    }

    async fn push_blob(
        &mut self,
        layout: &Layout,
        blob: &Descriptor,
    ) -> Result<u64, RegistryError> {
        let mut attempt = 1;
        loop {
            let error = match self.try_blob(layout, blob).await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            let may_pass = matches!(
                error,
                // A repository that was made this second may not be known everywhere.
                RegistryError::Missing(_)
                    | RegistryError::Unreachable { .. }
                    | RegistryError::Status {
                        status: 429 | 500..,
                        ..
                    }
            );
            if !may_pass || attempt == ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    async fn try_blob(&mut self, layout: &Layout, blob: &Descriptor) -> Result<u64, RegistryError> {
        let path = format!("blobs/{}", blob.digest);
        let head = async |ask: &Ask<'_>| Ok(ask.request(Method::HEAD, &path));
        if self.ask(head).await?.status() == StatusCode::OK {
            return Ok(0);
        }
        let begin = async |ask: &Ask<'_>| {
            let request = ask.request(Method::POST, "blobs/uploads/");
            Ok(request.header(CONTENT_LENGTH, 0))
        };
        let begun = self.ask(begin).await?;
        self.expect(&begun, StatusCode::ACCEPTED)?;
        let place = begun
            .headers()
            .get(LOCATION)
            .and_then(|place| place.to_str().ok());
        // The place may be relative, and may have a query already.
        let place = place.and_then(|place| begun.url().join(place).ok());
        let mut place = place.ok_or_else(|| self.odd("place for an upload"))?;
        self.stays(&place)?;
        place.query_pairs_mut().append_pair("digest", &blob.digest);
        let put = async |ask: &Ask<'_>| {
            let path = layout.path(blob);
            let file = File::open(&path).await;
            let file = file.map_err(|source| {
                RegistryError::Layout(super::LayoutError::Read { path, source })
            })?;
            let request = ask.url(Method::PUT, place.clone());
            Ok(request
                .timeout(UPLOAD)
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, blob.size)
                .body(Body::wrap_stream(ReaderStream::new(file))))
        };
        let answer = self.ask(put).await?;
        self.expect(&answer, StatusCode::CREATED)?;
        Ok(blob.size)
    }

    /// An upload goes on where it began: another host is not to see the image, nor who pushes it.
    fn stays(&self, place: &Url) -> Result<(), RegistryError> {
        let is_same = Url::parse(&self.base()).is_ok_and(|base| base.origin() == place.origin());
        if is_same {
            Ok(())
        } else {
            Err(self.odd("place for an upload"))
        }
    }
}
