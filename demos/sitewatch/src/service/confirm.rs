//! Asking once more for what is newly broken, before it is reported.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use patterns_core::context::{self, Interrupt};
use patterns_core::gather::map_concurrent;
use url::Url;

use crate::check::{Http, Reply, Want};
use crate::report::{Reason, Report, Status};

/// How many addresses are asked for again at most; where more are broken at once, it is no passing fault.
const MOST: usize = 500;

/// How many of them at a time.
const AT_ONCE: usize = 8;

/// What came of asking again.
#[derive(Debug)]
pub(crate) struct Confirmed {
    /// The report, without the links that are well after all.
    pub(crate) report: Report,
    /// How many links that were.
    pub(crate) flapping: u64,
}

/// Asks again, up to so many times with a pause before each, for whatever a report has broken that was not known to be
/// broken, and leaves out of it what is well after all.
pub(crate) async fn confirm(
    report: Report,
    known: &HashSet<(String, String)>,
    http: &dyn Http,
    times: u32,
    pause: Duration,
    max_redirects: usize,
) -> Result<Confirmed, Interrupt> {
    let mut doubtful: BTreeMap<Url, (Want, BTreeSet<String>)> = BTreeMap::new();
    for link in report.links().iter() {
        let new = || !known.contains(&(link.page.to_owned(), link.url.to_owned()));
        if link.verdict.status() != Status::Broken || !may_pass(link.verdict.reason) || !new() {
            continue;
        }
        let Ok(mut url) = Url::parse(link.url) else { continue };
        url.set_fragment(None);
        // What we have failed to read is well only if it can be read.
        let want = if link.verdict.reason == Reason::Failed { Want::Page } else { Want::Probe };
        doubtful.entry(url).or_insert_with(|| (want, BTreeSet::new())).1.insert(link.url.to_owned());
    }
    let mut well = HashSet::new();
    if doubtful.len() <= MOST {
        for _ in 0..times {
            if doubtful.is_empty() {
                break;
            }
            context::sleep(pause).await?;
            let urls: Vec<(Url, Want)> = doubtful.iter().map(|(url, (want, _))| (url.clone(), *want)).collect();
            let answers = map_concurrent(urls, AT_ONCE, |(url, want)| async move {
                let is_well = is_well(http, &url, want, max_redirects).await?;
                Ok::<_, Interrupt>((url, is_well))
            });
            for answer in answers.await {
                let (url, is_well) = answer?;
                if is_well && let Some((_, links)) = doubtful.remove(&url) {
                    well.extend(links);
                }
            }
        }
    }
    let (report, flapping) = report.without(|link| link.verdict.status() == Status::Broken && well.contains(link.url));
    Ok(Confirmed { report, flapping })
}

/// Whether a fault is one of the network, of a server or our own, which may be gone in a moment.
pub(super) fn may_pass(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::HttpStatus(_)
            | Reason::Dns
            | Reason::Refused
            | Reason::Unreachable
            | Reason::Tls
            | Reason::Timeout
            | Reason::Reset
            | Reason::Protocol
            | Reason::BadEncoding
            // Ours, and not the link's: a worker that could not, or somebody who cancelled its job.
            | Reason::Failed
    )
}

async fn is_well(http: &dyn Http, url: &Url, want: Want, max_redirects: usize) -> Result<bool, Interrupt> {
    let mut at = url.clone();
    for _ in 0..=max_redirects {
        match http.fetch(&at, want).await {
            Reply::Redirect { to, .. } => at = to,
            Reply::Failed(crate::fetch::FetchError::Interrupted(interrupt)) => return Err(interrupt),
            Reply::Failed(_) | Reply::Known(_) => return Ok(false),
            // It is there, but nobody has read it.
            Reply::Html { .. } if want == Want::Page => return Ok(false),
            _ => return Ok(true),
        }
    }
    Ok(false)
}
