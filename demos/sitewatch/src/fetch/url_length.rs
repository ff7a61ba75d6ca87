use url::{Position, Url};

use super::FetchError;

/// The longest URL that is asked for, in bytes and without its fragment.
///
/// Servers refuse longer ones as a rule; a page full of them would cost memory for nothing.
pub const LONGEST_URL: usize = 8 * 1024;

/// Refuses a URL that is longer.
pub(super) fn check(url: &Url) -> Result<(), FetchError> {
    match url[..Position::AfterQuery].len() > LONGEST_URL {
        true => Err(FetchError::UrlTooLong { limit: LONGEST_URL }),
        false => Ok(()),
    }
}
