//! Visiting targets, and finding the next ones in them.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use actors::worker_pool::WorkerPool;
use parking_lot::{Mutex, RwLock};
use patterns_core::queue::{Job, WorkQueue};
use url::Url;

use super::http::{Http, Reply, Want};
use super::site::{Base, Border, Resolved, fragment_of};
use super::spool::{Slot, Spool};
use super::start::First;
use super::targets::{Id, Role, Targets};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open, Page, Visit, fragment_hash};
use crate::config::Patterns;
use crate::folder::Folder;
use crate::html::{self, Link, Visitor};
use crate::progress::ProgressState;
use crate::report::{Reason, Status, Summary};

/// A target to visit, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) id: Id,
    pub(crate) want: Want,
}

pub(crate) type Frontier = WorkQueue<Task>;

/// A check while it crawls.
///
/// # Invariants
///
/// 1. A target is handed to the frontier once for each [`Want`], by whoever finds `queued` unset
///    under the lock of `targets`; the frontier's own dedupe says so again.
/// 2. A job is answered (acknowledged) only after everything found in it was put, so that the
///    frontier is never empty and finished while something is still to come.
/// 3. No lock is held while a page is parsed, fetched or read.
pub(crate) struct Crawl {
    pub(crate) border: Border,
    pub(crate) folder: Option<Folder>,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) targets: RwLock<Targets>,
    pub(crate) limits: Limits,
    /// Pages of the next level, where the crawl goes level by level.
    pub(crate) next: Mutex<Vec<Id>>,
    /// The start page, which was fetched to find out where the site is.
    pub(crate) first: Mutex<Option<First>>,
    pub(crate) ignore_fragments: Patterns,
    /// Whether links that are not checked are listed, not only counted.
    pub(crate) list_skipped: bool,
    pub(crate) spool: Spool,
    pub(crate) progress: Arc<ProgressState>,
    /// What is counted while pages are read: links that are skipped and not listed, and fragments that
    /// are ignored.
    pub(crate) counted: Mutex<Summary>,
}

/// How far a crawl goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) depth: Option<u32>,
    pub(crate) max_pages: Option<u64>,
    pub(crate) max_redirects: u32,
}

impl Limits {
    /// Whether pages are visited level by level: what is cut off then depends on the site alone and
    /// not on which answer came first.
    pub(crate) fn by_level(self) -> bool {
        self.depth.is_some() || self.max_pages.is_some()
    }
}

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
    /// Visits the target of one job, and puts whatever it leads to.
    ///
    /// Fetching happens here (on an IO worker), parsing on a CPU worker.
    pub(crate) async fn visit(self: Arc<Self>, job: Job<Task>, workers: WorkerPool) {
        let Task { id, want } = *job;
        let (key, role) = {
            let targets = self.targets.read();
            let target = targets.get(id);
            (Arc::clone(&target.key), target.role)
        };
        let crawl = Arc::clone(&self);
        let parsed = match self.fetch(id, &key, role, want, &job).await {
            Fetched::Done => {
                job.ack();
                return;
            }
            Fetched::Html { body, charset } => {
                workers
                    .submit_cpu(move || {
                        crawl.read_fetched(id, &key, &body, charset.as_deref(), &job);
                        job.ack();
                    })
                    .await
            }
        };
        if let Err(error) = parsed {
            // The job went down with the worker's closure, which counts it as failed.
            self.settle(id, Answer::Lost(error.to_string()), None);
        }
    }

    async fn fetch(&self, id: Id, key: &str, role: Role, want: Want, job: &Job<Task>) -> Fetched {
        if let Some(first) = self.first.lock().take_if(|first| first.id == id) {
            return Fetched::Html { body: first.body, charset: first.charset };
        }
        let url = match Url::parse(key) {
            Ok(url) => url,
            // Keys are made of URLs, so this is only for a key that was none to begin with.
            Err(error) => {
                self.settle(id, Answer::Lost(error.to_string()), None);
                return Fetched::Done;
            }
        };
        if role == Role::Page
            && let Err(why) = self.http.allowed(&url).await
        {
            self.settle(id, Answer::Failed(why), None);
            return Fetched::Done;
        }
        match self.http.fetch(&url, want).await {
            Reply::Html { body, charset } if role == Role::Page => return Fetched::Html { body, charset },
            Reply::IsHtml if role == Role::Page => {
                // It was linked to as an image or the like, but it is a page: its links count.
                self.put(vec![Task { id, want: Want::Page }], job);
            }
            Reply::Html { .. } | Reply::IsHtml | Reply::Other => self.settle(id, Answer::Ok, None),
            Reply::Redirect { status, to } => self.redirect(id, status, &to, want, job),
            Reply::Failed(error) => self.settle(id, Answer::Failed(error), None),
        }
        Fetched::Done
    }

    fn redirect(&self, id: Id, status: u16, to: &Url, want: Want, job: &Job<Task>) {
        let fragment = to.fragment().and_then(fragment_of).map_or(NO_FRAGMENT, |name| fragment_hash(&name));
        let key = to.as_str().split_once('#').map_or(to.as_str(), |(before, _)| before);
        let task = {
            let mut targets = self.targets.write();
            let (depth, hops) = (targets.get(id).depth, targets.get(id).hops);
            let to = targets.find(key).unwrap_or_else(|| targets.add(key, self.border.role(key)));
            targets.get_mut(id).visit =
                Some(Box::new(Visit { answer: Answer::Redirect { status, to, fragment }, page: None }));
            let target = targets.get_mut(to);
            target.hops = target.hops.max(hops + 1);
            // A chain beyond the limit ends here; the report follows it and says so.
            if hops < self.limits.max_redirects { self.enqueue(target, to, depth, want == Want::Page) } else { None }
        };
        self.put(task.into_iter().collect(), job);
    }

    /// Marks a target as handed to the frontier; `None` where there is nothing to do with it.
    fn enqueue(&self, target: &mut super::targets::Target, id: Id, depth: u32, navigates: bool) -> Option<Task> {
        if target.queued || !matches!(target.role, Role::Page | Role::External) {
            return None;
        }
        target.queued = true;
        target.depth = depth;
        let page = target.role == Role::Page && navigates;
        Some(Task { id, want: if page { Want::Page } else { Want::Probe } })
    }

    /// Puts what was found; pages wait for their level where the crawl goes by levels.
    fn put(&self, mut tasks: Vec<Task>, job: &Job<Task>) {
        if self.limits.by_level() {
            let mut next = self.next.lock();
            tasks.retain(|task| {
                let waits = task.want == Want::Page;
                if waits {
                    next.push(task.id);
                }
                !waits
            });
        }
        if !tasks.is_empty() {
            // Refused only when the check is being stopped, and then nothing more is wanted.
            let _ = job.put_all(tasks);
        }
    }

    /// The host to ask for a target; none for a file.
    pub(crate) fn host_of(&self, id: Id) -> Option<String> {
        let key = Arc::clone(&self.targets.read().get(id).key);
        if key.starts_with('/') {
            return None;
        }
        Some(Url::parse(&key).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default())
    }

    /// Whether a link leads to a folder that is there but has no `index.html`.
    pub(crate) fn is_folder_without_index(&self, targets: &Targets, open: &Open) -> bool {
        let Leads::To(id) = open.leads else { return false };
        let key = &targets.get(id).key;
        self.folder.as_ref().is_some_and(|folder| folder.has_folder(key))
    }

    /// Reads and parses files of the folder; on a CPU worker, as it blocks.
    pub(crate) fn read_files(&self, jobs: Vec<Job<Task>>) {
        for job in jobs {
            if patterns_core::context::is_cancelled() {
                return;
            }
            self.read_file(job);
        }
    }

    fn read_file(&self, job: Job<Task>) {
        let id = job.id;
        let key = Arc::clone(&self.targets.read().get(id).key);
        SCRATCH.with_borrow_mut(|scratch| {
            let mut content = std::mem::take(&mut scratch.content);
            let folder = self.folder.as_ref().expect("only a folder's targets have paths as keys");
            match folder.read(&key, &mut content) {
                Ok(()) => self.read(id, &key, &html::decode(&content, None), None, scratch, &job),
                Err(error) => self.settle(id, Answer::Unreadable(error.to_string()), None),
            }
            scratch.content = content;
        });
        job.ack();
    }

    fn read_fetched(&self, id: Id, key: &str, body: &[u8], charset: Option<&str>, job: &Job<Task>) {
        let html = html::decode(body, charset);
        match self.spool.put(html.as_bytes()) {
            Ok(slot) => SCRATCH.with_borrow_mut(|scratch| self.read(id, key, &html, Some(slot), scratch, job)),
            Err(error) => {
                let why = format!("cannot keep it in a temporary file: {error}");
                self.settle(id, Answer::Lost(why), None);
            }
        }
    }

    fn read(&self, id: Id, key: &str, html: &str, spooled: Option<Slot>, scratch: &mut Scratch, job: &Job<Task>) {
        scratch.keys.clear();
        scratch.found.clear();
        scratch.anchors.clear();
        let mut collector = Collector {
            base: Base::of(key),
            ignore_fragments: &self.ignore_fragments,
            ordinal: 0,
            own_base: None,
            ignored_fragments: 0,
            scratch,
        };
        html::scan(html, &mut collector);
        let (links, base, ignored) = (collector.ordinal, collector.own_base, collector.ignored_fragments);
        scratch.anchors.sort_unstable();
        scratch.anchors.dedup();

        let mut open = Vec::new();
        let mut tasks = Vec::new();
        let mut skipped: Vec<(Reason, u64)> = Vec::new();
        {
            let mut targets = self.targets.write();
            let depth = targets.get(id).depth.saturating_add(1);
            for found in &scratch.found {
                let leads = match &found.leads {
                    FoundLeads::Nowhere(reason) => Leads::Nowhere(*reason),
                    FoundLeads::Key(range) => {
                        let key = &scratch.keys[range.clone()];
                        let to = targets.find(key).unwrap_or_else(|| targets.add(key, self.role_of_new(key)));
                        let target = targets.get_mut(to);
                        target.linked |= to != id;
                        if let Role::Slash(to) = target.role {
                            targets.get_mut(to).linked |= to != id;
                        }
                        let target = targets.get_mut(to);
                        tasks.extend(self.enqueue(target, to, depth, found.navigates));
                        match target.role {
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
        self.put(tasks, job);
        {
            let mut counted = self.counted.lock();
            counted.pages += 1;
            counted.ignored_fragments += ignored;
            for (reason, links) in skipped {
                counted.counts.add(reason, links);
            }
        }
        self.progress.add_links(u64::from(links));
        self.progress.add_pages(1);
        self.progress.add_bytes(html.len() as u64);
        let page = Page { anchors: scratch.anchors.as_slice().into(), open: open.into(), links, base, spooled };
        self.settle(id, Answer::Ok, Some(page));
    }

    /// The role of a key that was not known: below a folder that means that nothing is there.
    fn role_of_new(&self, key: &str) -> Role {
        match self.border.role(key) {
            Role::Page | Role::File if key.starts_with('/') => Role::Missing,
            role => role,
        }
    }

    pub(crate) fn settle(&self, id: Id, answer: Answer, page: Option<Page>) {
        if answer.verdict().status() == Status::Broken {
            self.progress.add_broken(1);
        }
        self.targets.write().get_mut(id).visit = Some(Box::new(Visit { answer, page }));
    }
}

impl std::fmt::Debug for Crawl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crawl").field("border", &self.border).field("limits", &self.limits).finish_non_exhaustive()
    }
}

enum Fetched {
    Done,
    Html { body: Vec<u8>, charset: Option<String> },
}

/// Gathers what a page holds, resolved, into the scratch.
struct Collector<'a> {
    base: Base,
    ignore_fragments: &'a Patterns,
    ordinal: u32,
    own_base: Option<Box<str>>,
    ignored_fragments: u64,
    scratch: &'a mut Scratch,
}

impl Visitor for Collector<'_> {
    fn link(&mut self, link: Link<'_>) {
        let ordinal = self.ordinal;
        self.ordinal += 1;
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
        self.base.rebase(href);
        self.own_base = Some(href.into());
    }
}
