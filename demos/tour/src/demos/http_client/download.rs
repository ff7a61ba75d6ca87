//! A download that goes on where it was cut.
use std::path::Path;

use patterns_core::exit_stack::transaction;
use patterns_core::outcome::BoxError;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, RANGE,
};
use reqwest::{Method, Response, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

use super::THERE;
use super::api::{Api, send};
use super::error::ApiError;
use crate::Stage;
use crate::demos::files::Draft;

impl Api {
    // ANCHOR: whole
    /// Fetches a file to its place: all of it, or nothing.
    pub(super) async fn download(
        &self,
        stage: &Stage,
        path: &str,
        place: &Path,
    ) -> Result<u64, BoxError> {
        let draft = Draft::create(place).await?;
        let fetched = transaction(draft, async |draft| {
            let (api, have, whole, version) = (self, 0, None, None);
            let file = Download { api, path, draft, have, whole, version };
            // There is one attempt at a time: nobody ever waits for it.
            let file = Mutex::new(file);
            let attempt = || async {
                stage.rests("download");
                let mut file = file.lock().await;
                let ended = self.wire.carry(file.go_on()).await;
                stage.level(THERE, file.have as usize);
                if let Err(error) = &ended {
                    say!(stage, "{error}");
                    stage.waits("download", "before it goes on");
                }
                ended
            };
            Ok(self.again.run(attempt).await?)
        });
        Ok(fetched.await?)
    }
    // ANCHOR_END: whole
}

// ANCHOR: download
/// A file on its way.
struct Download<'a> {
    api: &'a Api,
    path: &'a str,
    draft: &'a mut Draft,
    /// How many bytes of it are in the draft.
    have: u64,
    /// How many there are in all.
    whole: Option<u64>,
    /// Of which version they are.
    version: Option<HeaderValue>,
}

impl Download<'_> {
    /// Fetches what is missing, as far as the connection lasts.
    async fn go_on(&mut self) -> Result<u64, ApiError> {
        let request = self.api.request(Method::GET, self.path);
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(version) = self.version.clone() {
            // The rest of this version, or all of another one.
            let range = format!("bytes={}-", self.have);
            request = request.header(RANGE, range).header(IF_RANGE, version);
        }
        let mut answer = send(request).await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            self.draft.clear().await?;
            self.have = 0;
            self.whole = answer.content_length();
            self.version = version(&answer);
        } else if part(&answer) != self.whole.map(|whole| (self.have, whole)) {
            return Err(ApiError::NotTheRest);
        }
        let whole = self.whole.ok_or(ApiError::NotTheRest)?;
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    self.draft.file.write_all(&chunk).await?;
                    self.have += chunk.len() as u64;
                }
                Ok(None) if self.have == whole => return Ok(whole),
                cut => {
                    let (have, source) = (self.have, cut.err());
                    return Err(ApiError::Cut { have, whole, source });
                }
            }
        }
    }
}

/// The version that an answer is of, if its tag says so. A weak one, `W/"..."`,
/// may stand for files that differ in some bytes.
fn version(answer: &Response) -> Option<HeaderValue> {
    let tag = answer.headers().get(ETAG)?;
    (!tag.as_bytes().starts_with(b"W/")).then(|| tag.clone())
}

/// Where the part of a file begins that an answer has, and how long all of the
/// file is: `bytes 400000-999999/1000000`.
fn part(answer: &Response) -> Option<(u64, u64)> {
    let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (part, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = part.split_once('-')?;
    Some((start.parse().ok()?, whole.parse().ok()?))
}
// ANCHOR_END: download
