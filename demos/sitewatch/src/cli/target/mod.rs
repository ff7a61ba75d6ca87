mod disk;
mod guess;

use std::path::{Path, PathBuf};

use url::Url;

/// What to check, found out from what the user typed.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::Target;
///
/// let site = Target::parse("https://example.com/docs", None)?;
/// assert_eq!(site, Target::Site("https://example.com/docs".parse().unwrap()));
///
/// let error = Target::parse("example.com/docs", None).unwrap_err();
/// assert_eq!(error.to_string(), "there is no file or folder example.com/docs; did you mean https://example.com/docs?");
/// # Ok::<(), sitewatch::cli::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A site, crawled from this page.
    Site(Url),
    /// A folder with at least one HTML file in it.
    Folder {
        /// The folder, as the user named it.
        root: PathBuf,
        /// The page to start from, relative to the folder; with `None` every page is one.
        from: Option<PathBuf>,
    },
    /// The pages that a sitemap on a server lists.
    SitemapUrl(Url),
    /// The pages that a sitemap in a file lists: XML (also compressed), or text with a URL per line.
    SitemapFile(PathBuf),
}

/// Why there is nothing to check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing was named.
    #[error("nothing to check: name a URL, a folder, an HTML file or a sitemap")]
    Nothing,
    /// Neither on disk nor an address.
    #[error("there is no file or folder {text}{}", guess::did_you_mean(suggestion.as_deref()))]
    NotThere {
        /// As typed.
        text: String,
        /// An address that may have been meant.
        suggestion: Option<String>,
    },
    /// An address that is not valid.
    #[error("not a valid URL: {text}: {source}")]
    MalformedUrl {
        /// As typed.
        text: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// An address of another kind than http and https.
    #[error("can't check {text}: only http and https addresses can be{}", guess::did_you_mean(suggestion.as_deref()))]
    Scheme {
        /// As typed.
        text: String,
        /// An address that may have been meant.
        suggestion: Option<String>,
    },
    /// A folder with nothing in it.
    #[error("the folder {} is empty", .0.display())]
    EmptyFolder(PathBuf),
    /// A folder without HTML.
    #[error("there is no HTML file in the folder {}", .0.display())]
    NoHtml(PathBuf),
    /// A file of another kind.
    #[error("{} is neither HTML (.html, .htm, .xhtml) nor a sitemap (.xml, .xml.gz, .txt)", .0.display())]
    NotHtml(PathBuf),
    /// A file or folder that can't be read.
    #[error("can't read {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// `--from` names no page of the folder.
    #[error("--from: there is no page {page} in the folder {}", root.display())]
    NoSuchPage {
        /// As typed.
        page: String,
        /// The folder.
        root: PathBuf,
    },
    /// `--from` with something that is not a folder.
    #[error("--from is for folders: {0} has a start page of its own")]
    FromWithoutFolder(String),
}

impl Target {
    /// Finds out what `text` means: a file or folder if there is one, else an address; and, in a folder,
    /// whether the start page `from` is there.
    ///
    /// This looks at the disk but not at the network.
    ///
    /// # Errors
    ///
    /// Every variant of [`TargetError`]; each reads as one sentence that names what was typed.
    pub fn parse(text: &str, from: Option<&str>) -> Result<Self, TargetError> {
        if text.trim().is_empty() {
            return Err(TargetError::Nothing);
        }
        let target = match std::fs::metadata(text) {
            Ok(metadata) => disk::target(Path::new(text), &metadata)?,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(TargetError::Unreadable { path: text.into(), source: error });
            }
            Err(_) => guess::address(text)?,
        };
        match (from, target) {
            (None, target) => Ok(target),
            (Some(page), Self::Folder { root, from: None }) => {
                let from = disk::page(&root, page)?;
                Ok(Self::Folder { root, from: Some(from) })
            }
            (Some(_), _) => Err(TargetError::FromWithoutFolder(text.to_owned())),
        }
    }
}
