mod findings;
mod places;
mod versions;

use std::path::Path;

use actors::System;
use sitewatch::report::{LinkResult, Links, Reason, Report, Summary, Verdict};
use sitewatch::store::{Location, Store, StoreError};

async fn open(file: &Path) -> Result<Store, StoreError> {
    Store::open(&Location::Sqlite(file.to_owned()), &System::start().unwrap()).await
}

/// A report of a whole check, with these links, by page and URL, all of which are broken.
fn broken(target: &str, links: &[(&str, &str)]) -> Report {
    let verdict = Verdict::new(Reason::HttpStatus(404));
    let mut summary = Summary { pages: 1, ..Summary::default() };
    let mut kept = Links::default();
    for (page, url) in links {
        summary.counts.add(verdict.reason, 1);
        kept.push(LinkResult { page, line: 1, column: 2, text: "there", link: url, url, verdict: &verdict });
    }
    Report::new(target, summary, kept, Vec::new())
}
