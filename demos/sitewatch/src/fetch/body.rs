//! Reading a body, no further than is wanted.
use std::time::Duration;

use patterns_core::cancel::move_on_after;
use reqwest::Response;
use tokio::time::timeout;

use super::{FetchError, Phase, classify};

/// What is worth reading of a body that nobody wants, to keep its connection.
const WORTH_A_CONNECTION: u64 = 64 * 1024;

/// And for how long.
const PATIENCE: Duration = Duration::from_millis(250);

/// What to do with a body that is longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It is an error.
    Refuse,
    /// Its beginning will do.
    Cut,
}

/// Reads the decompressed body, up to `limit` bytes.
///
/// The limit holds for what comes out of decompression, chunk by chunk, so that a small answer
/// can't fill the memory.
///
/// # Cancel safety
///
/// Not cancel safe: what was read is lost, and the connection is closed.
pub(super) async fn read(
    response: &mut Response,
    limit: u64,
    excess: Excess,
    read_timeout: Duration,
) -> Result<Vec<u8>, FetchError> {
    let announced = response.content_length();
    if excess == Excess::Refuse && announced.is_some_and(|length| length > limit) {
        return Err(FetchError::BodyTooLarge { limit });
    }
    let mut body = Vec::new();
    loop {
        let chunk = timeout(read_timeout, response.chunk())
            .await
            .map_err(|_| FetchError::Timeout { phase: Phase::Read, limit: read_timeout })?
            .map_err(|error| classify::reading(&error))?;
        let Some(chunk) = chunk else { return Ok(body) };
        let room = usize::try_from(limit.saturating_sub(body.len() as u64)).unwrap_or(usize::MAX);
        if chunk.len() <= room {
            body.extend_from_slice(&chunk);
        } else if excess == Excess::Cut {
            body.extend_from_slice(&chunk[..room]);
            return Ok(body);
        } else {
            return Err(FetchError::BodyTooLarge { limit });
        }
    }
}

/// Reads the rest of an unwanted body if it is short, so that its connection can be used again.
///
/// # Cancel safety
///
/// Cancel safe: then the connection is closed.
pub(super) async fn discard(mut response: Response) {
    if response.content_length().is_some_and(|length| length > WORTH_A_CONNECTION) {
        return;
    }
    // An error only means that this connection is not used again.
    let _ = move_on_after(PATIENCE, read(&mut response, WORTH_A_CONNECTION, Excess::Cut, PATIENCE)).await;
}
