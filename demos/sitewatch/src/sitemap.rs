//! The pages that a site names in its sitemap.
//!
//! After [sitemaps.org](https://www.sitemaps.org/protocol.html): a `<urlset>` of pages, a
//! `<sitemapindex>` of further sitemaps, or plain text with one URL a line.

mod error;
mod text;
mod xml;

pub use error::SitemapError;

use std::io::Read;

use encoding_rs::Encoding;
use flate2::bufread::MultiGzDecoder;

/// The most URLs in one sitemap, as sitemaps.org has it.
const MAX_URLS: usize = 50_000;
/// The most bytes in one sitemap, as sitemaps.org has it.
const MAX_BYTES: usize = 50 * 1024 * 1024;
/// What gzip begins with.
const GZIP: &[u8] = b"\x1f\x8b";

/// What a sitemap names. A sitemap has either pages or further sitemaps.
///
/// # Examples
///
/// ```
/// use sitewatch::sitemap::Sitemap;
///
/// let xml = b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>
///   <url><loc>https://example.com/?a=1&amp;b=2</loc><priority>1</priority></url>
/// </urlset>";
/// assert_eq!(Sitemap::parse(xml)?.pages, ["https://example.com/?a=1&b=2"]);
///
/// let index = b"<sitemapindex><sitemap><loc>https://example.com/1.xml</loc></sitemap></sitemapindex>";
/// assert_eq!(Sitemap::parse(index)?.indexes, ["https://example.com/1.xml"]);
///
/// let error = Sitemap::parse(b"<urlset>\n <url></urlset>").unwrap_err();
/// assert_eq!(error.to_string(), "line 2, column 7: expected `</url>`, but `</urlset>` was found");
/// # Ok::<(), sitewatch::sitemap::SitemapError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sitemap {
    /// The pages, in order, as they stand there but for character references and white space around
    /// them.
    pub pages: Vec<String>,
    /// Further sitemaps, likewise.
    pub indexes: Vec<String>,
}

impl Sitemap {
    /// Reads a sitemap, which may be compressed with gzip. It is XML if its first character is a `<`,
    /// and text otherwise. Images, videos and other extensions are passed over.
    ///
    /// # Errors
    ///
    /// - [`SitemapError::TooLarge`] beyond 50 MiB, of which no more are decompressed either;
    ///   [`SitemapError::TooManyUrls`] beyond 50,000 URLs.
    /// - [`SitemapError::UrlTooLong`] if a URL is longer than [`LONGEST_URL`](crate::fetch::LONGEST_URL).
    /// - [`SitemapError::Empty`] if there is nothing in it.
    /// - [`SitemapError::BadGzip`] if it is gzip that can't be decompressed, [`SitemapError::Compressed`]
    ///   if it is gzip once more then.
    /// - [`SitemapError::NotUtf8`] if it is neither UTF-8 nor has a byte order mark.
    /// - [`SitemapError::NotASitemap`] if it is XML (or HTML) of another kind.
    /// - [`SitemapError::Xml`] if it is not well-formed, or has more than 100 elements inside one another.
    /// - [`SitemapError::NotAUrl`] if a line of a text is no `http` or `https` URL.
    pub fn parse(bytes: &[u8]) -> Result<Self, SitemapError> {
        if bytes.len() > MAX_BYTES {
            return Err(SitemapError::TooLarge { bytes: bytes.len() });
        }
        let decompressed;
        let bytes = match bytes.starts_with(GZIP) {
            true => {
                decompressed = decompress(bytes)?;
                decompressed.as_slice()
            }
            false => bytes,
        };
        let decoded =
            Encoding::for_bom(bytes).map(|(encoding, length)| encoding.decode_without_bom_handling(&bytes[length..]).0);
        let text = match &decoded {
            Some(text) => text,
            None => std::str::from_utf8(bytes).map_err(|error| {
                let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let (line, column) = place(&before, before.len());
                SitemapError::NotUtf8 { line, column }
            })?,
        };
        let text = text.trim();
        if text.is_empty() {
            Err(SitemapError::Empty)
        } else if text.starts_with('<') {
            xml::parse(text)
        } else {
            text::parse(text)
        }
    }
}

/// No further than to the most bytes, whatever it would become.
fn decompress(bytes: &[u8]) -> Result<Vec<u8>, SitemapError> {
    let mut decompressed = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    MultiGzDecoder::new(bytes).take(most).read_to_end(&mut decompressed).map_err(|_| SitemapError::BadGzip)?;
    if decompressed.len() > MAX_BYTES {
        Err(SitemapError::TooLarge { bytes: decompressed.len() })
    } else if decompressed.starts_with(GZIP) {
        Err(SitemapError::Compressed)
    } else {
        Ok(decompressed)
    }
}

/// The line and the column in characters, both from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}
