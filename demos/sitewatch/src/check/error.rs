use std::io;
use std::path::PathBuf;

use actors::coordinator::{PlanError, ReadyError};
use actors::{StartError, worker_pool};
use patterns_core::outcome::ErrorGroup;
use patterns_core::queue::BuildError;

use crate::fetch::{FetchError, FetchSetupError};
use crate::folder::FolderError;
use crate::report::Verdict;
use crate::sitemap::SitemapError;
use crate::store::StoreError;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The folder can't be read, or has no HTML.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The page to start from is not in the folder, or is no HTML file.
    #[error("no HTML page {page} in the folder {}", folder.display())]
    NoSuchPage {
        /// The page, as it was named.
        page: String,
        /// The folder.
        folder: PathBuf,
    },
    /// `--include` and `--exclude` leave nothing to check.
    #[error("nothing is left to check: --include and --exclude leave out every page")]
    NothingLeft,
    /// Something that was to be visited was not: a defect of ours.
    #[error("the check itself failed: {0} addresses were found and not visited")]
    Unvisited(usize),
    /// A limit that is counted from a page, and a folder of which every page is one to start from.
    #[error("--depth counts links from a page: name it with --from, or leave --depth out")]
    DepthOfFolder,
    /// Which URLs belong to a site, asked of a folder.
    #[error("--scope is for sites: in a folder every page belongs to it")]
    ScopeOfFolder,
    /// The start page, or a sitemap, can't be had.
    #[error("cannot check {url}: {why}")]
    Start {
        /// Its URL.
        url: String,
        /// Why.
        why: FetchError,
    },
    /// The start page is there, and is no page.
    #[error("cannot check {url}: it is not HTML")]
    NotHtml {
        /// Its URL.
        url: String,
    },
    /// The sitemap's file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The sitemap makes no sense.
    #[error("cannot use the sitemap {name}: {why}")]
    Sitemap {
        /// Its URL or path.
        name: String,
        /// Why.
        why: SitemapError,
    },
    /// The sitemap names nothing to check, or names more sitemaps than we follow.
    #[error("cannot use the sitemap {name}: it {what}")]
    SitemapSize {
        /// Its URL or path.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The start page can't be had, as is known from before.
    #[error("cannot check {url}: {why}")]
    KnownStart {
        /// What was asked for.
        url: String,
        /// Why not.
        why: Verdict,
    },
    /// The HTTP client can't be set up as configured.
    #[error(transparent)]
    Http(#[from] FetchSetupError),
    /// The machine does not let us: threads, temporary files.
    #[error("cannot {what}: {source}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The actors' thread can't be started.
    #[error(transparent)]
    System(#[from] StartError),
    /// The workers can't be started.
    #[error(transparent)]
    Workers(#[from] worker_pool::StartError),
    /// The parts of the check can't be brought into an order.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A part of the check is not ready.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// The run can't be kept in the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A frontier that can hold nothing.
    #[error(transparent)]
    Frontier(#[from] BuildError),
    /// A defect of ours: part of the check panicked.
    #[error("the check itself failed: {0}")]
    Failed(#[from] ErrorGroup),
}
