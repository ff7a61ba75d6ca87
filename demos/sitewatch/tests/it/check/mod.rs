//! Checks of whole sites: folders on disk, and sites that a test makes up.
mod cancel;
mod folder;
mod graph;
mod sitemap;
mod web;

use std::fs;
use std::path::Path;

use sitewatch::check::{CheckError, Checker};
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::report::{Report, Status};
use tempfile::TempDir;

/// A folder with these files.
fn site(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn all_of(root: &Path) -> Target {
    Target::Folder { root: root.to_owned(), from: None }
}

async fn check_with(folder: &TempDir, config: CheckConfig) -> Result<Report, CheckError> {
    Checker::new(config).run(&all_of(folder.path())).await
}

/// Offline, as tests are.
fn config() -> CheckConfig {
    CheckConfig { external: false, ..CheckConfig::default() }
}

async fn check(files: &[(&str, &str)]) -> Report {
    check_with(&site(files), config()).await.unwrap()
}

/// `page:line:column link -> reason` of what is broken or redirected.
fn findings(report: &Report) -> Vec<String> {
    report
        .links()
        .iter()
        .filter(|link| matches!(link.verdict.status(), Status::Broken | Status::Redirected))
        .map(|link| {
            format!("{}:{}:{} {} -> {}", link.page, link.line, link.column, link.link, link.verdict.reason.code())
        })
        .collect()
}
