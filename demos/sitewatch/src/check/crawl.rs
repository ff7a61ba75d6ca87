//! Visiting targets, and finding the next ones in them.

use std::sync::Arc;

use actors::worker_pool::{JobError, WorkerPool};
use parking_lot::{Mutex, RwLock};
use patterns_core::queue::{Job, WorkQueue};
use url::Url;

use super::http::{Http, Reply, Want};
use super::site::{Border, fragment_of};
use super::spool::Spool;
use super::start::First;
use super::targets::{Id, Role, Target, Targets};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open, Page, Visit, fragment_hash};
use crate::config::Patterns;
use crate::fetch::FetchError;
use crate::folder::Folder;
use crate::html::Outline;
use crate::progress::ProgressState;
use crate::report::{Status, Summary};

// ANCHOR: task
/// A target to visit, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) id: Id,
    pub(crate) want: Want,
}

pub(crate) type Frontier = WorkQueue<Task>;
// ANCHOR_END: task

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
    /// Where the crawl goes level by level: the pages that wait for their turn.
    pub(crate) waiting: Mutex<Waiting>,
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
    /// How many links of one page are looked at.
    pub(crate) max_links: u32,
}

/// Pages that wait for their turn, where the crawl goes level by level.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Those that the level's redirects led to, which belong to the same level; maybe several times.
    pub(crate) moved: Vec<Id>,
    /// Those that the level's links led to.
    pub(crate) next: Vec<Id>,
}

impl Limits {
    /// Whether pages are visited level by level: what is cut off then depends on the site alone and
    /// not on which answer came first.
    pub(crate) fn by_level(self) -> bool {
        self.depth.is_some() || self.max_pages.is_some()
    }
}

impl Crawl {
    /// Visits the target of one job, and puts whatever it leads to.
    ///
    /// Fetching happens here (on an IO worker), parsing on a CPU worker.
    // ANCHOR: visit
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
            Fetched::Html(content) => {
                workers
                    .submit_cpu(move || {
                        crawl.guarded(id, || crawl.read_fetched(id, &key, &content, &job));
                        job.ack();
                    })
                    .await
            }
        };
        // The job went down with the worker's closure, which counts it as failed. If that is because the
        // check was stopped, nothing is known of the page, and nothing is said of it.
        if let Err(error @ (JobError::Panicked(_) | JobError::Lost)) = parsed {
            self.settle(id, Answer::Lost(error.to_string()), None);
        }
    }
    // ANCHOR_END: visit

    async fn fetch(&self, id: Id, key: &str, role: Role, want: Want, job: &Job<Task>) -> Fetched {
        if let Some(first) = self.first.lock().take_if(|first| first.id == id) {
            return Fetched::Html(first.content);
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
            self.give_up(id, why);
            return Fetched::Done;
        }
        match self.http.fetch(&url, want).await {
            Reply::Html { body, charset, .. } if role == Role::Page => {
                return Fetched::Html(Content::Raw { body, charset });
            }
            Reply::Read(outline) | Reply::Outlined { outline, .. } if role == Role::Page => {
                return Fetched::Html(Content::Read(outline));
            }
            Reply::IsHtml if role == Role::Page => {
                // It was linked to as an image or the like, but it is a page: its links count.
                self.settle(id, Answer::Ok, None);
                if self.limits.by_level() {
                    let mut targets = self.targets.write();
                    let target = targets.get_mut(id);
                    (target.queued, target.listed) = (false, true);
                    self.waiting.lock().next.push(id);
                } else {
                    put(job, [Task { id, want: Want::Page }]);
                }
            }
            Reply::Html { .. }
            | Reply::Read(_)
            | Reply::Outlined { .. }
            | Reply::NotModified
            | Reply::IsHtml
            | Reply::Other => self.settle(id, Answer::Ok, None),
            Reply::Redirect { status, to } => self.redirect(id, status, &to, want, job),
            Reply::Failed(error) => self.give_up(id, error),
            Reply::Known(verdict) => self.settle(id, Answer::Known(verdict), None),
        }
        Fetched::Done
    }

    // ANCHOR: give_up
    /// Notes why there is no answer. Where that is because the check was stopped, nothing is known, and nothing noted:
    /// what has not been visited makes the report a partial one.
    fn give_up(&self, id: Id, why: FetchError) {
        if !why.is_interrupted() {
            self.settle(id, Answer::Failed(why), None);
        }
    }
    // ANCHOR_END: give_up

    fn redirect(&self, id: Id, status: u16, to: &Url, want: Want, job: &Job<Task>) {
        let fragment = to.fragment().and_then(fragment_of).map_or(NO_FRAGMENT, |name| fragment_hash(&name));
        let key = to.as_str().split_once('#').map_or(to.as_str(), |(before, _)| before);
        let mut tasks = Vec::new();
        {
            let mut targets = self.targets.write();
            let hops = targets.get(id).hops;
            let to = targets.find(key).unwrap_or_else(|| targets.add(key, self.border.role(key)));
            let answer = Answer::Redirect { status, to, fragment };
            targets.get_mut(id).visit = Some(Box::new(Visit { answer, page: None }));
            self.reach(&mut targets, to, want == Want::Page, hops.saturating_add(1), &mut tasks);
        }
        if !tasks.is_empty() {
            put(job, tasks);
        }
    }

    /// Notes that a target can be reached over so many redirects, and what there is to do about that.
    ///
    /// The shortest way counts, whichever is found first: where a shorter one is found later, what
    /// redirects lead on to is nearer too, and may now be near enough.
    pub(super) fn reach(&self, targets: &mut Targets, id: Id, follows: bool, hops: u32, tasks: &mut Vec<Task>) {
        let (mut at, mut hops) = (id, hops);
        loop {
            let target = targets.get_mut(at);
            let nearer = hops < target.hops;
            target.hops = target.hops.min(hops);
            if target.hops > self.limits.max_redirects {
                // A chain beyond the limit ends here; the report follows it and says so.
                return;
            }
            if hops > 0 && follows && self.limits.by_level() && target.role == Role::Page && !target.queued {
                self.waiting.lock().moved.push(at);
            } else {
                tasks.extend(self.task_for(target, at, follows));
            }
            let next = target.visit.as_ref().map(|visit| &visit.answer);
            match next {
                Some(Answer::Redirect { to, .. }) if nearer => (at, hops) = (*to, hops + 1),
                _ => return,
            }
        }
    }

    /// The task that a link to a target, just found, makes; none where there is nothing more to do.
    ///
    /// Where the crawl goes level by level, a page waits for the next level instead.
    pub(super) fn task_for(&self, target: &mut Target, id: Id, follows: bool) -> Option<Task> {
        if target.queued || !matches!(target.role, Role::Page | Role::External) {
            return None;
        }
        if target.role == Role::External || !follows {
            target.queued = true;
            return Some(Task { id, want: Want::Probe });
        }
        if !self.limits.by_level() {
            target.queued = true;
            return Some(Task { id, want: Want::Page });
        }
        if !std::mem::replace(&mut target.listed, true) {
            self.waiting.lock().next.push(id);
        }
        None
    }

    /// Leaves a page out of what is followed; gives whether there is something to ask for.
    pub(super) fn leave(&self, id: Id) -> bool {
        let mut targets = self.targets.write();
        let target = targets.get_mut(id);
        let local = target.key.starts_with('/');
        target.queued = true;
        target.role = if local { Role::File } else { Role::External };
        // It may have answered already, when something else asked for it.
        !local && target.visit.is_none()
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

    pub(crate) fn settle(&self, id: Id, answer: Answer, page: Option<Page>) {
        if answer.verdict().status() == Status::Broken {
            self.progress.add_broken(1);
        }
        self.targets.write().get_mut(id).visit = Some(Box::new(Visit { answer, page }));
    }
}

// ANCHOR: put
/// Puts what a job led to. Refused only when the check is being stopped, and then nothing more is wanted.
pub(super) fn put(job: &Job<Task>, tasks: impl IntoIterator<Item = Task>) {
    let _ = job.put_all(tasks);
}
// ANCHOR_END: put

impl std::fmt::Debug for Crawl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crawl").field("border", &self.border).field("limits", &self.limits).finish_non_exhaustive()
    }
}

enum Fetched {
    Done,
    Html(Content),
}

/// What there is of a page.
#[derive(Debug)]
pub(crate) enum Content {
    /// Its bytes, and the character set that its header names.
    Raw { body: Vec<u8>, charset: Option<String> },
    /// What was found in it.
    Read(Arc<Outline>),
}
