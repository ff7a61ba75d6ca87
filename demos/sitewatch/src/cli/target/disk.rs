//! Targets that are on this machine.
use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Target, TargetError};

pub(super) fn target(path: &Path, metadata: &Metadata) -> Result<Target, TargetError> {
    if metadata.is_dir() {
        return folder(path);
    }
    // Now, with the name at hand, rather than in the middle of a check.
    File::open(path).map_err(|source| unreadable(path, source))?;
    if is_html(path) {
        let root = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let from = path.file_name().map(PathBuf::from);
        return Ok(Target::Folder { root: root.to_owned(), from });
    }
    if is_sitemap(path) { Ok(Target::SitemapFile(path.to_owned())) } else { Err(TargetError::NotHtml(path.to_owned())) }
}

fn folder(root: &Path) -> Result<Target, TargetError> {
    match first_html(root) {
        Ok(Found::Html) => Ok(Target::Folder { root: root.to_owned(), from: None }),
        Ok(Found::Other) => Err(TargetError::NoHtml(root.to_owned())),
        Ok(Found::Nothing) => Err(TargetError::EmptyFolder(root.to_owned())),
        Err(source) => Err(unreadable(root, source)),
    }
}

enum Found {
    Html,
    Other,
    Nothing,
}

/// Looks until it finds an HTML file, near the top first. Folders behind symbolic links are not entered,
/// as they may lead back; those that can't be read are passed over, unless it is the first.
fn first_html(root: &Path) -> io::Result<Found> {
    let mut found = Found::Nothing;
    let mut folders = VecDeque::new();
    let mut entries = fs::read_dir(root)?;
    loop {
        for entry in entries.by_ref().flatten() {
            found = Found::Other;
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push_back(path),
                Ok(_) if is_html(&path) && path.is_file() => return Ok(Found::Html),
                _ => {}
            }
        }
        entries = loop {
            let Some(next) = folders.pop_front() else { return Ok(found) };
            if let Ok(next) = fs::read_dir(next) {
                break next;
            }
        };
    }
}

/// The file of a page that is named by its path in the folder, or by that of a folder with an index.
pub(super) fn page(root: &Path, page: &str) -> Result<PathBuf, TargetError> {
    let missing = || TargetError::NoSuchPage { page: page.to_owned(), root: root.to_owned() };
    let mut relative = PathBuf::from(page.trim_start_matches('/'));
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(missing());
    }
    if root.join(&relative).is_dir() {
        relative.push("index.html");
    }
    match fs::metadata(root.join(&relative)) {
        Ok(metadata) if metadata.is_file() => Ok(relative),
        _ => Err(missing()),
    }
}

fn unreadable(path: &Path, source: io::Error) -> TargetError {
    TargetError::Unreadable { path: path.to_owned(), source }
}

fn is_html(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["html", "htm", "xhtml"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn is_sitemap(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    [".xml", ".xml.gz", ".txt"].iter().any(|known| name.ends_with(known))
}
