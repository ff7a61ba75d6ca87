//! A folder of HTML, answered as a static server would answer.
//!
//! Files are known from one walk at the start; nothing is looked up on disk after that but pages'
//! contents. A link to a folder leads to its `index.html`; without the final slash it is a redirect
//! to the same with one, and without an `index.html` it leads nowhere.
//!
//! Nothing outside of the folder is read, whatever a page says: a path is looked for among the files that the walk
//! found, and the walk doesn't follow symbolic links that lead out. Who may write into the folder while it is checked
//! could still exchange a file for a link: the walk's knowledge is not renewed.
mod path;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

pub(crate) use path::{PathLink, resolve};

/// How often one folder is entered by symbolic links.
const MOST_LINKS: u32 = 8;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What a folder holds. Keys are paths below it, percent-decoded, with a leading slash.
pub struct Folder {
    root: PathBuf,
    files: Vec<String>,
    outside: Vec<String>,
}

/// Why a folder can't be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder, or something in it, can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to check.
    #[error("no HTML file in the folder {}: expected at least one .html, .htm or .xhtml", .0.display())]
    NoHtml(PathBuf),
}

impl Folder {
    /// Walks `root`, following symbolic links as a server does, but for those that lead out of it.
    ///
    /// # Errors
    ///
    /// - [`FolderError::Unreadable`]: the folder, or one below it, can't be listed.
    /// - [`FolderError::NoHtml`]: no file in it has an HTML file's extension.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let real_root =
            root.canonicalize().map_err(|source| FolderError::Unreadable { path: root.to_owned(), source })?;
        let mut files = Vec::new();
        let mut outside = Vec::new();
        // Links from folder to folder and back multiply: each real folder is entered by a link so often, and
        // not without end.
        let mut entered: HashMap<PathBuf, u32> = HashMap::new();
        let mut is_new = |entry: &walkdir::DirEntry| {
            if !entry.path_is_symlink() {
                return true;
            }
            let Ok(real) = entry.path().canonicalize() else { return true };
            if !real.starts_with(&real_root) {
                outside.push(key_of(root, entry.path()));
                return false;
            }
            if !entry.file_type().is_dir() {
                return true;
            }
            let times = entered.entry(real).or_default();
            *times += 1;
            *times <= MOST_LINKS
        };
        let walk = walkdir::WalkDir::new(root).follow_links(true).min_depth(1).into_iter();
        for entry in walk.filter_entry(|entry| is_new(entry)) {
            let entry = match entry {
                Ok(entry) => entry,
                // A link in a circle, or to nothing, is no file; whoever links to it hears of it.
                Err(error) if error.loop_ancestor().is_some() || error.depth() > 0 && is_dangling(&error) => continue,
                Err(error) => {
                    return Err(FolderError::Unreadable {
                        path: error.path().unwrap_or(root).to_owned(),
                        source: error.into(),
                    });
                }
            };
            if entry.file_type().is_file() {
                files.push(key_of(root, entry.path()));
            }
        }
        files.sort_unstable();
        outside.sort_unstable();
        if !files.iter().any(|file| is_html(file)) {
            return Err(FolderError::NoHtml(root.to_owned()));
        }
        Ok(Self { root: root.to_owned(), files, outside })
    }

    /// Every file, in order.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Symbolic links to files and folders outside of it, in order; what is behind them is not known.
    #[must_use]
    pub fn outside(&self) -> &[String] {
        &self.outside
    }

    /// Whether `key` is a symbolic link that leads out of the folder, or below one.
    #[must_use]
    pub fn leads_out(&self, key: &str) -> bool {
        let is_link = |path: &str| self.outside.binary_search_by(|link| link.as_str().cmp(path)).is_ok();
        let is_below = || key.match_indices('/').any(|(slash, _)| is_link(&key[..slash]));
        !self.outside.is_empty() && (is_link(key) || is_below())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a folder, not a file, behind `key`; this asks the disk.
    #[must_use]
    pub fn has_folder(&self, key: &str) -> bool {
        !self.leads_out(key) && self.path(key).is_some_and(|path| path.is_dir())
    }

    /// Reads the file behind `key` into `buffer`, replacing what is in it.
    ///
    /// # Errors
    ///
    /// - [`io::ErrorKind::NotFound`]: the path leaves the folder.
    /// - [`io::ErrorKind::FileTooLarge`]: the file has more than 256 MiB.
    /// - Whatever the file system says.
    pub fn read(&self, key: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        let path = self.path(key).ok_or(io::ErrorKind::NotFound)?;
        let mut file = File::open(path)?;
        if file.metadata()?.len() > LARGEST {
            let limit = format!("larger than {LARGEST} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
        }
        file.read_to_end(buffer)?;
        Ok(())
    }

    /// The path on disk behind `key`, if that is below the folder.
    ///
    /// A key is decoded, so that `..%2f..%2f` in a link is `../../` in its key, and on some systems a `\` is one, too.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let below = Path::new(key.trim_start_matches('/'));
        let is_below = below.components().all(|part| matches!(part, Component::Normal(_)));
        is_below.then(|| self.root.join(below))
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").field("root", &self.root).field("files", &self.files.len()).finish()
    }
}

/// Whether a path's extension is an HTML file's.
#[must_use]
pub fn is_html(path: &str) -> bool {
    let Some((_, extension)) = path.rsplit_once('.') else { return false };
    ["html", "htm", "xhtml"].iter().any(|html| extension.eq_ignore_ascii_case(html))
}

fn is_dangling(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn key_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut key = String::new();
    for part in below.components() {
        key.push('/');
        key.push_str(&part.as_os_str().to_string_lossy());
    }
    key
}
