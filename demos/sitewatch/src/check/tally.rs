//! Turning what is known of a page into what is reported of it.

use std::io;

use super::crawl::Crawl;
use super::judge::judge;
use super::site::{Base, shown};
use super::targets::{Id, Target, Targets};
use super::visit::{Answer, Page, Spooled};
use crate::html::{self, Located, Outline};
use crate::report::{Counts, LinkResult, Links, Reason, Status, Verdict};

/// What is reported of a page.
#[derive(Debug, Default)]
pub(crate) struct PageReport {
    /// The links that are not well, by reason.
    pub(crate) counts: Counts,
    pub(crate) links: u64,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    page: Id,
    line: u32,
    column: u32,
    text: String,
    link: String,
    url: String,
    verdict: Verdict,
}

impl PageReport {
    /// Adds its links to a report's.
    pub(crate) fn list(self, targets: &Targets, links: &mut Links) {
        for row in self.rows {
            links.push(LinkResult {
                page: shown(&targets.get(row.page).key),
                line: row.line,
                column: row.column,
                text: &row.text,
                link: &row.link,
                url: &row.url,
                verdict: &row.verdict,
            });
        }
    }

    /// Adds what there is to say of the page `id`; reads the page again if any of its links is listed.
    pub(crate) fn add(&mut self, crawl: &Crawl, targets: &Targets, id: Id, all: bool) {
        let target = targets.get(id);
        let Some(visit) = &target.visit else { return };
        if matches!(visit.answer, Answer::Unreadable(_) | Answer::Lost(_)) {
            // No link may lead there, and yet it must be heard of.
            let verdict = visit.answer.verdict();
            self.links += 1;
            self.counts.add(verdict.reason, 1);
            let url = shown(&target.key).to_owned();
            self.rows.push(Row {
                page: id,
                line: 0,
                column: 0,
                text: String::new(),
                link: String::new(),
                url,
                verdict,
            });
        }
        let Some(page) = &visit.page else { return };
        self.links += u64::from(page.links);
        let mut listed = self.judge(crawl, targets, page).into_iter().peekable();
        if listed.peek().is_none() && !all {
            return;
        }
        let listed: Vec<(usize, Verdict)> = if all {
            (0..page.looked_at() as usize)
                .map(|ordinal| match listed.next_if(|(wanted, _)| *wanted == ordinal) {
                    Some(judged) => judged,
                    None => (ordinal, Verdict::new(Reason::Ok)),
                })
                .collect()
        } else {
            listed.collect()
        };
        self.locate(crawl, targets, id, page, listed);
    }

    /// Counts the links that are not well, and gives those that are listed.
    fn judge(&mut self, crawl: &Crawl, targets: &Targets, page: &Page) -> Vec<(usize, Verdict)> {
        let mut listed = Vec::new();
        for open in &page.open {
            let judged = judge(targets, open, crawl.limits.max_redirects);
            let mut verdict = judged.verdict;
            if verdict.reason == Reason::Ok {
                continue;
            }
            if verdict.reason == Reason::MissingFile && crawl.is_folder_without_index(targets, open) {
                verdict.reason = Reason::NoIndex;
            }
            self.counts.add(verdict.reason, 1);
            if verdict.status() == Status::Skipped && !crawl.list_skipped {
                continue;
            }
            let verdict = verdict.redirects(judged.chain.iter().map(|id| shown(&targets.get(*id).key)));
            listed.push((open.ordinal as usize, verdict));
        }
        listed
    }

    fn locate(&mut self, crawl: &Crawl, targets: &Targets, id: Id, page: &Page, listed: Vec<(usize, Verdict)>) {
        let target = targets.get(id);
        let wanted: Vec<usize> = listed.iter().map(|(ordinal, _)| *ordinal).collect();
        // A sitemap has no places; nor has a page that changed or vanished meanwhile.
        let places = places(crawl, target, page, &wanted).unwrap_or_default();
        let mut base = Base::of(&target.key);
        if let Some(href) = &page.base {
            base.rebase(href);
        }
        let mut places = places.into_iter();
        for (ordinal, verdict) in listed {
            let row = match places.next() {
                Some(Located { line, column, text, href, href_as_written: link, .. }) => {
                    Row { page: id, line, column, text, link, url: base.show(&href), verdict }
                }
                None => {
                    let url = page.leads_to(ordinal).map_or("", |to| shown(&targets.get(to).key)).to_owned();
                    Row { page: id, line: 0, column: 0, text: String::new(), link: url.clone(), url, verdict }
                }
            };
            self.rows.push(row);
        }
    }
}

/// Where links of a page stand, as it was when they were numbered.
fn places(crawl: &Crawl, target: &Target, page: &Page, wanted: &[usize]) -> io::Result<Vec<Located>> {
    let mut content = Vec::new();
    let charset = match (page.spooled, &crawl.folder) {
        (Some(Spooled::Outline(slot)), _) => {
            crawl.spool.get(slot, &mut content)?;
            let outline = Outline::unpacked(&content).ok_or(io::ErrorKind::InvalidData)?;
            return Ok(outline.locate(wanted));
        }
        (Some(Spooled::Text(slot)), _) => {
            crawl.spool.get(slot, &mut content)?;
            Some("utf-8")
        }
        (None, Some(folder)) => {
            folder.read(&target.key, &mut content)?;
            None
        }
        (None, None) => return Err(io::ErrorKind::NotFound.into()),
    };
    Ok(html::locate(&html::decode(&content, charset), wanted))
}
