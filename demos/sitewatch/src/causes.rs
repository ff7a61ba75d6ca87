//! What an error says, with those below it.

use std::error::Error;

/// An error with its causes, leaving out those that it has already in its own words.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !sentence.contains(&words) {
            sentence = format!("{sentence}: {words}");
        }
        source = cause.source();
    }
    sentence
}

/// The innermost cause, without the story around it.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
