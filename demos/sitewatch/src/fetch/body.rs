//! Reading a body, no further than is wanted.
use std::time::Duration;

use bytes::Bytes;
use patterns_core::cancel::move_on_after;
use reqwest::Response;
use tokio::time::timeout;

use super::unpack::{Refusal, Unpacker, longest};
use super::{FetchError, Phase, classify, coding};

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

/// How far a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The longest body, in bytes after decompression.
    pub(super) limit: u64,
    pub(super) excess: Excess,
    /// How many times as long as it came it may be after decompression.
    pub(super) ratio: u32,
    /// How long the server may send nothing.
    pub(super) silence: Duration,
}

/// Reads the decompressed body, within its bounds.
///
/// They hold for what comes out of decompression, piece by piece, so that a small answer can't fill the memory.
///
/// # Cancel safety
///
/// Not cancel safe: what was read is lost, and the connection is closed.
pub(super) async fn read(response: &mut Response, bounds: Bounds) -> Result<Vec<u8>, FetchError> {
    let Bounds { limit, excess, ratio, silence } = bounds;
    let codings = coding::of(response.headers())?;
    let announced = response.content_length();
    if excess == Excess::Refuse && announced.is_some_and(|length| length > longest(&codings, limit)) {
        return Err(FetchError::BodyTooLarge { limit });
    }
    let mut unpacker = Unpacker::new(&codings, limit, ratio);
    let mut ended = false;
    while !ended {
        let unpacked = match next(response, silence).await? {
            Some(part) => unpacker.push(&part),
            None => {
                ended = true;
                unpacker.finish()
            }
        };
        match unpacked {
            Ok(()) => {}
            Err(Refusal::Full) if excess == Excess::Cut => break,
            Err(Refusal::Full) => return Err(FetchError::BodyTooLarge { limit }),
            Err(Refusal::Swells) => return Err(FetchError::BodySwells { times: ratio }),
            Err(Refusal::Bad) => return Err(FetchError::BadEncoding),
        }
    }
    Ok(unpacker.into_body())
}

/// Reads the rest of an unwanted body if it is short, so that its connection can be used again. It is not even
/// decompressed.
///
/// # Cancel safety
///
/// Cancel safe: then the connection is closed.
pub(super) async fn discard(mut response: Response) {
    if response.content_length().is_some_and(|length| length > WORTH_A_CONNECTION) {
        return;
    }
    let rest = async {
        let mut read = 0;
        while let Some(part) = next(&mut response, PATIENCE).await? {
            read += part.len() as u64;
            if read > WORTH_A_CONNECTION {
                break;
            }
        }
        Ok::<(), FetchError>(())
    };
    // An error only means that this connection is not used again.
    let _ = move_on_after(PATIENCE, rest).await;
}

/// The next part of a body, as it comes; `None` at its end.
async fn next(response: &mut Response, silence: Duration) -> Result<Option<Bytes>, FetchError> {
    timeout(silence, response.chunk())
        .await
        .map_err(|_| FetchError::Timeout { phase: Phase::Read, limit: silence })?
        .map_err(|error| classify::reading(&error))
}
