//! Builds the book as a site, beside the crates' documentation.
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use book::html;
use mdbook_driver::MDBook;
use patterns_core::outcome::BoxError;
use tracing_subscriber::filter::LevelFilter;

/// Builds it into `book` in the folder of all that is built, and returns its first page.
///
/// # Errors
///
/// Also what mdBook only warns of, such as an include that is not there.
pub(crate) fn build(book: &Path) -> Result<PathBuf, BoxError> {
    let log = Arc::new(tempfile::tempfile()?);
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(Arc::clone(&log))
        .with_ansi(false)
        .without_time()
        .init();
    // `target/debug/book`, or wherever else the target folder is.
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no target folder")?;
    let site = target.join("book");
    let mut book = MDBook::load(book)?;
    book.config.build.build_dir.clone_from(&site);
    let built = book.build();
    let mut log = &*log;
    let mut said = String::new();
    log.rewind()?;
    log.read_to_string(&mut said)?;
    built.map_err(|error| format!("{error:#}\n{said}"))?;
    if !said.is_empty() {
        return Err(said.trim().into());
    }
    for page in fs::read_dir(&site)? {
        let page = page?.path();
        if page.extension().is_some_and(|extension| extension == "html") {
            fs::write(&page, html::polish(&fs::read_to_string(&page)?))?;
        }
    }
    Ok(site.join("index.html"))
}
