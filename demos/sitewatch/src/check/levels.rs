//! In what order pages are visited, and how the crawl ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actors::worker_pool::WorkerPool;
use patterns_core::context::Interrupt;
use patterns_core::queue::PutError;

use super::crawl::{Crawl, Frontier, Task};
use super::http::Want;
use super::targets::Id;

/// How many files a worker is given at once: a hand-over costs as much as reading a small page.
const FILES: usize = 16;

/// Visits the start pages and everything that follows from them.
///
/// Without limits there is one level: pages put the pages that they lead to themselves. With limits the
/// crawl goes level by level, each in order of its addresses, so that what is cut off depends on the site
/// alone and not on who answered first. Beyond the limits a page is like one out of scope: it is asked
/// for, and not followed.
// ANCHOR: levels
pub(super) async fn levels(crawl: &Crawl, frontier: &Frontier, start: Vec<Id>) -> Result<(), Interrupt> {
    let mut level = start;
    let mut left = crawl.limits.max_pages.unwrap_or(u64::MAX);
    for depth in 0_u32.. {
        order(crawl, &mut level);
        let within = crawl.limits.depth.is_none_or(|limit| depth <= limit);
        while within && left > 0 && !level.is_empty() {
            let share = usize::try_from(left).unwrap_or(usize::MAX).min(level.len());
            let now: Vec<Id> = level.drain(..share).collect();
            for id in &now {
                {
                    let mut targets = crawl.targets.write();
                    let target = targets.get_mut(*id);
                    target.queued = true;
                    if depth == 0 && target.hops == u32::MAX {
                        target.hops = 0;
                    }
                }
                put(frontier, Task { id: *id, want: Want::Page }).await?;
            }
            joined(crawl, frontier).await?;
            left -= read(crawl, &now).min(left);
            // Where redirects led belongs to the same level.
            level.append(&mut crawl.waiting.lock().moved);
            order(crawl, &mut level);
        }
        for id in std::mem::take(&mut level) {
            if crawl.leave(id) {
                put(frontier, Task { id, want: Want::Probe }).await?;
            }
        }
        joined(crawl, frontier).await?;
        level = std::mem::take(&mut crawl.waiting.lock().next);
        if level.is_empty() {
            break;
        }
    }
    Ok(())
}
// ANCHOR_END: levels

/// Brings pages into the order of their addresses, each once, without those that were visited meanwhile.
fn order(crawl: &Crawl, pages: &mut Vec<Id>) {
    let targets = crawl.targets.read();
    pages.retain(|id| !targets.get(*id).queued);
    pages.sort_by_cached_key(|id| Arc::clone(&targets.get(*id).key));
    pages.dedup();
}

/// How many of these turned out to be pages.
fn read(crawl: &Crawl, visited: &[Id]) -> u64 {
    let targets = crawl.targets.read();
    let is_page = |id: &&Id| targets.get(**id).visit.as_ref().is_some_and(|visit| visit.page.is_some());
    visited.iter().filter(is_page).count() as u64
}

// ANCHOR: put
async fn put(frontier: &Frontier, task: Task) -> Result<(), Interrupt> {
    match frontier.put(task).await {
        Ok(_) => Ok(()),
        Err(PutError::Interrupted(_, interrupt)) => Err(interrupt),
        // Nobody closes the frontier before the last level, and its overflow policy is to wait.
        Err(refused) => unreachable!("{refused}"),
    }
}
// ANCHOR_END: put

// ANCHOR: joined
/// Waits for the frontier's end, and meanwhile counts for whoever watches.
async fn joined(crawl: &Crawl, frontier: &Frontier) -> Result<(), Interrupt> {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let mut join = pin!(frontier.join());
    loop {
        tokio::select! {
            biased;
            joined = &mut join => return joined,
            _ = ticks.tick() => crawl.progress.set_queued(frontier.stats().unfinished as u64),
        }
    }
}
// ANCHOR_END: joined

// ANCHOR: dispatch
/// Hands each task to a worker. It waits where the workers' queue is full. In the cycle only a page that is to be
/// parsed waits, for a place with the workers that compute, who put nothing that waits.
pub(super) async fn dispatch(crawl: &Arc<Crawl>, frontier: &Frontier, workers: &WorkerPool) {
    // A task that was taken while files were gathered, and is none.
    let mut held = None;
    loop {
        let job = match held.take() {
            Some(job) => job,
            None => match frontier.get().await {
                Ok(job) => job,
                Err(_) => return,
            },
        };
        let accepted = match crawl.host_of(job.id) {
            Some(host) => {
                let visit = Arc::clone(crawl).visit(job, workers.clone());
                workers.submit_io(visit).key(host).spawn().await.is_ok()
            }
            None => {
                let mut files = vec![job];
                while files.len() < FILES
                    && let Ok(job) = frontier.try_get()
                {
                    if crawl.host_of(job.id).is_some() {
                        held = Some(job);
                        break;
                    }
                    files.push(job);
                }
                let crawl = Arc::clone(crawl);
                workers.submit_cpu(move || crawl.read_files(files)).spawn().await.is_ok()
            }
        };
        // The pool takes nothing more: we were asked to stop.
        if !accepted {
            return;
        }
    }
}
// ANCHOR_END: dispatch
