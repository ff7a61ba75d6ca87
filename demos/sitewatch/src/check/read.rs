//! Reading a page: what it leads to, what can be linked to in it, and what there is to say of its links.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use patterns_core::context::is_cancelled;
use patterns_core::outcome::catch_panic;
use patterns_core::queue::Job;

use super::crawl::{Content, Crawl, Task, put};
use super::site::{Base, Resolved, fragment_of};
use super::targets::{Id, Role};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open, Page, Spooled, fragment_hash};
use crate::config::Patterns;
use crate::html::{self, Link, Outline, Visitor};
use crate::report::{Reason, Status};

/// How many bytes the targets of one page's links may take while it is read. A page of short links on a long base would
/// take as much as it likes otherwise.
const MOST_KEYS: usize = 32 * 1024 * 1024;

/// What one thread needs to read a page, kept from page to page so that nothing is allocated anew.
#[derive(Default)]
struct Scratch {
    content: Vec<u8>,
    keys: String,
    found: Vec<Found>,
    anchors: Vec<u64>,
}

struct Found {
    ordinal: u32,
    leads: FoundLeads,
    fragment: u64,
    navigates: bool,
    /// Whether it climbs above the folder, where a server stops at the top.
    climbs: bool,
}

enum FoundLeads {
    Key(Range<usize>),
    Nowhere(Reason),
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Crawl {
    // ANCHOR: files
    /// Reads and parses files of the folder; on a CPU worker, as it blocks.
    pub(crate) fn read_files(&self, jobs: Vec<Job<Task>>) {
        for job in jobs {
            if is_cancelled() {
                return;
            }
            self.read_file(job);
        }
    }
    // ANCHOR_END: files

    // ANCHOR: guarded
    /// A panic costs its own page, and is told.
    pub(super) fn guarded(&self, id: Id, read: impl FnOnce()) {
        if let Err(panic) = catch_panic(read) {
            self.settle(id, Answer::Lost(panic.to_string()), None);
        }
    }
    // ANCHOR_END: guarded

    fn read_file(&self, job: Job<Task>) {
        let id = job.id;
        let key = Arc::clone(&self.targets.read().get(id).key);
        self.guarded(id, || {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut content = std::mem::take(&mut scratch.content);
                let folder = self.folder.as_ref().expect("only a folder's targets have paths as keys");
                match folder.read(&key, &mut content) {
                    Ok(()) => self.read(id, &key, &Source::Text(html::decode(&content, None)), None, scratch, &job),
                    Err(error) => self.settle(id, Answer::Unreadable(error.to_string()), None),
                }
                scratch.content = content;
            })
        });
        job.ack();
    }

    pub(super) fn read_fetched(&self, id: Id, key: &str, content: &Content, job: &Job<Task>) {
        let kept = match content {
            Content::Raw { body, charset } => {
                let html = html::decode(body, charset.as_deref());
                self.spool.put(html.as_bytes()).map(|slot| (Source::Text(html), Spooled::Text(slot)))
            }
            Content::Read(outline) => {
                let kept = self.spool.put(&outline.packed());
                kept.map(|slot| (Source::Outline(outline), Spooled::Outline(slot)))
            }
        };
        match kept {
            Ok((source, spooled)) => {
                SCRATCH.with_borrow_mut(|scratch| self.read(id, key, &source, Some(spooled), scratch, job));
            }
            Err(error) => {
                let why = format!("cannot keep it in a temporary file: {error}");
                self.settle(id, Answer::Lost(why), None);
            }
        }
    }

    fn read(
        &self,
        id: Id,
        key: &str,
        source: &Source<'_>,
        spooled: Option<Spooled>,
        scratch: &mut Scratch,
        job: &Job<Task>,
    ) {
        scratch.keys.clear();
        scratch.found.clear();
        scratch.anchors.clear();
        let mut collector = Collector {
            base: Base::of(key),
            ignore_fragments: &self.ignore_fragments,
            ordinal: 0,
            own_base: None,
            late_base: false,
            ignored_fragments: 0,
            max_links: self.limits.max_links,
            full: false,
            beyond: 0,
            scratch,
        };
        source.tell(&mut collector);
        if collector.late_base {
            // A base holds for the whole page, also for what stands before it: once more, knowing it.
            let base = std::mem::replace(&mut collector.base, Base::of(key));
            collector.scratch.keys.clear();
            collector.scratch.found.clear();
            collector.scratch.anchors.clear();
            (collector.ordinal, collector.ignored_fragments, collector.base) = (0, 0, base);
            (collector.full, collector.beyond) = (false, 0);
            source.tell(&mut collector);
        }
        let (base, ignored) = (collector.own_base, collector.ignored_fragments);
        // Those that an outline doesn't even tell come after the first that is too many.
        let more = source.more();
        let links = collector.ordinal.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        let beyond = collector.beyond + more;
        scratch.anchors.sort_unstable();
        scratch.anchors.dedup();

        let mut open = Vec::new();
        let mut tasks = Vec::new();
        let mut skipped: Vec<(Reason, u64)> = Vec::new();
        {
            let mut targets = self.targets.write();
            for found in &scratch.found {
                let leads = match &found.leads {
                    FoundLeads::Nowhere(reason) => Leads::Nowhere(*reason),
                    FoundLeads::Key(range) => {
                        let key = &scratch.keys[range.clone()];
                        let to = targets.find(key).unwrap_or_else(|| targets.add(key, self.role_of_new(key)));
                        let target = targets.get_mut(to);
                        target.linked |= to != id;
                        let role = target.role;
                        // A folder's address without its slash redirects to its index.
                        let at = if let Role::Slash(index) = role { index } else { to };
                        targets.get_mut(at).linked |= at != id;
                        self.reach(&mut targets, at, found.navigates, 0, &mut tasks);
                        match role {
                            Role::File => continue,
                            Role::Page if found.fragment == NO_FRAGMENT && key.starts_with('/') => continue,
                            Role::Page if to == id && scratch.anchors.binary_search(&found.fragment).is_ok() => {
                                continue;
                            }
                            Role::Skipped(reason) => Leads::Nowhere(reason),
                            Role::Missing if found.climbs => Leads::Nowhere(Reason::OutsideFolder),
                            _ => Leads::To(to),
                        }
                    }
                };
                if let Leads::Nowhere(reason) = leads
                    && reason.status() == Status::Skipped
                    && !self.list_skipped
                {
                    match skipped.iter_mut().find(|(counted, _)| *counted == reason) {
                        Some((_, links)) => *links += 1,
                        None => skipped.push((reason, 1)),
                    }
                    continue;
                }
                open.push(Open { ordinal: found.ordinal, leads, fragment: found.fragment });
            }
        }
        if !tasks.is_empty() {
            put(job, tasks);
        }
        {
            let mut counted = self.counted.lock();
            counted.pages += 1;
            counted.ignored_fragments += ignored;
            for (reason, links) in skipped {
                counted.counts.add(reason, links);
            }
            counted.counts.add(Reason::BeyondLimit, beyond);
        }
        self.progress.add_links(u64::from(links));
        self.progress.add_pages(1);
        self.progress.add_bytes(source.length());
        let page = Page { anchors: scratch.anchors.as_slice().into(), open: open.into(), links, base, spooled };
        self.settle(id, Answer::Ok, Some(page));
    }

    /// The role of a key that was not known: below a folder that means that nothing is there.
    fn role_of_new(&self, key: &str) -> Role {
        match self.border.role(key) {
            Role::Page | Role::File if key.starts_with('/') => match &self.folder {
                Some(folder) if folder.leads_out(key) => Role::Skipped(Reason::OutsideFolder),
                _ => Role::Missing,
            },
            role => role,
        }
    }
}

/// Where it is read what a page holds.
enum Source<'a> {
    Text(Cow<'a, str>),
    Outline(&'a Outline),
}

impl Source<'_> {
    fn tell(&self, visitor: &mut Collector<'_>) {
        match self {
            Self::Text(html) => html::scan(html, visitor),
            Self::Outline(outline) => outline.tell(visitor),
        }
    }

    /// How many links it has beyond those that it tells.
    fn more(&self) -> u64 {
        match self {
            Self::Text(_) => 0,
            Self::Outline(outline) => outline.more(),
        }
    }

    /// How many bytes the page has.
    fn length(&self) -> u64 {
        match self {
            Self::Text(html) => html.len() as u64,
            Self::Outline(outline) => outline.length(),
        }
    }
}

/// Gathers what a page holds, resolved, into the scratch.
struct Collector<'a> {
    base: Base,
    ignore_fragments: &'a Patterns,
    ordinal: u32,
    own_base: Option<Box<str>>,
    /// Whether the base came after a link.
    late_base: bool,
    ignored_fragments: u64,
    max_links: u32,
    /// Whether there was a link too many.
    full: bool,
    /// How many there were after it.
    beyond: u64,
    scratch: &'a mut Scratch,
}

impl Visitor for Collector<'_> {
    fn link(&mut self, link: Link<'_>) {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        if self.full {
            self.beyond += 1;
            return;
        }
        if ordinal >= self.max_links || self.scratch.keys.len() > MOST_KEYS {
            self.full = true;
            let leads = FoundLeads::Nowhere(Reason::TooManyLinks);
            let (fragment, navigates, climbs) = (NO_FRAGMENT, false, false);
            self.scratch.found.push(Found { ordinal, leads, fragment, navigates, climbs });
            return;
        }
        let (leads, fragment) = match self.base.resolve(link.href, &mut self.scratch.keys) {
            Resolved::Malformed => (FoundLeads::Nowhere(Reason::MalformedUrl), NO_FRAGMENT),
            Resolved::Skip(reason) => (FoundLeads::Nowhere(reason), NO_FRAGMENT),
            Resolved::Target { key, fragment } => {
                let fragment = match fragment.and_then(fragment_of) {
                    Some(name) if self.ignore_fragments.matches(&name) => {
                        self.ignored_fragments += 1;
                        NO_FRAGMENT
                    }
                    Some(name) => fragment_hash(&name),
                    None => NO_FRAGMENT,
                };
                (FoundLeads::Key(key), fragment)
            }
        };
        let climbs = self.base.climbs(link.href);
        self.scratch.found.push(Found { ordinal, leads, fragment, navigates: link.kind.leads_to_page(), climbs });
    }

    fn anchor(&mut self, id: &str) {
        // An identifier is kept as a fragment is compared: decoded.
        let name = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        self.scratch.anchors.push(fragment_hash(&name));
    }

    fn base(&mut self, href: &str) {
        if self.own_base.is_some() {
            return; // The second time over the page, it is known.
        }
        self.late_base = self.ordinal > 0;
        self.base.rebase(href);
        self.own_base = Some(href.into());
    }
}
