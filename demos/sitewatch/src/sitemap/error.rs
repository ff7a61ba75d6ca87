use thiserror::Error;

use super::{MAX_BYTES, MAX_URLS};
use crate::fetch::LONGEST_URL;

/// Why a sitemap could not be read. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SitemapError {
    /// It is longer than a sitemap may be.
    #[error("{bytes} bytes are too many: a sitemap has at most {MAX_BYTES}")]
    TooLarge {
        /// How long it is; where it is compressed, as much of it as was looked at.
        bytes: usize,
    },
    /// It names more than a sitemap may.
    #[error("there are more than {MAX_URLS} URLs, which is the most for one sitemap")]
    TooManyUrls,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is gzip, and what is in it is gzip as well.
    #[error("it is compressed with gzip more than once")]
    Compressed,
    /// It is gzip, and damaged.
    #[error("it is compressed with gzip, and can't be decompressed")]
    BadGzip,
    /// A URL that is longer than those that are asked for.
    #[error("line {line}: a URL of more than {LONGEST_URL} bytes")]
    UrlTooLong {
        /// The line at which it was noticed.
        line: usize,
    },
    /// A byte that is not UTF-8.
    #[error("line {line}, column {column}: not UTF-8")]
    NotUtf8 {
        /// The line of the first such byte.
        line: usize,
        /// Its column in characters.
        column: usize,
    },
    /// It is XML or HTML of another kind.
    #[error("its root element is <{root}>, not <urlset> or <sitemapindex>")]
    NotASitemap {
        /// What it begins with.
        root: String,
    },
    /// The XML is not well-formed.
    #[error("line {line}, column {column}: {message}")]
    Xml {
        /// The line at which it was noticed.
        line: usize,
        /// The column at which it was noticed, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A line of a text sitemap is not a URL.
    #[error("line {line}: {text:?} is no http or https URL")]
    NotAUrl {
        /// Which line.
        line: usize,
        /// Its beginning, at most 60 characters.
        text: String,
    },
}
