//! An hour in the life of a crawl: everything together, to the millisecond, in a moment of real time.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelKind, Elapsed, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::exit_stack::ExitStack;
use patterns_core::outcome::BoxError;
use patterns_core::queue::WorkQueue;
use patterns_core::rate_limit::{AcquireError, Quota, RateLimiter};
use patterns_core::reaper::Reaper;
use patterns_core::retry::Retry;
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, secs};

/// As many workers as keep the limiter busy while three of them are off with a page.
const WORKERS: usize = 8;
/// Of the first 2,500 pages, 250 refuse once, 250 hang once, and 25 refuse three times: 550 attempts on top of one
/// per page make 3,600, one each second.
const PAGES: u32 = 3_050;
const ATTEMPTS: u32 = 3_600;
const GIVEN_UP: u32 = 25;

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("refused")]
    Refused,
    #[error("the page took too long")]
    Slow(#[from] Elapsed),
    #[error(transparent)]
    Limited(#[from] AcquireError),
    #[error(transparent)]
    Stopped(#[from] Interrupt),
}

/// What a server makes of an attempt.
async fn respond(page: u32, attempt: u32) -> Result<(), FetchError> {
    let (refusals, hangs) = match page {
        2_500.. => (0, false),
        _ if page % 100 == 99 => (3, false),
        _ if page % 10 == 3 => (1, false),
        _ => (0, page % 10 == 7),
    };
    if hangs && attempt == 1 {
        context::sleep(secs(3_600)).await?;
    }
    sleep(ms(100)).await;
    if attempt <= refusals { Err(FetchError::Refused) } else { Ok(()) }
}

async fn fetch(limiter: &RateLimiter, page: u32, attempt: u32) -> Result<(), FetchError> {
    limiter.acquire().await?;
    timeout(secs(2), respond(page, attempt)).await?
}

/// What the workers have in common.
#[derive(Clone)]
struct Crawl {
    pages: WorkQueue<u32>,
    limiter: RateLimiter,
    attempts: Arc<AtomicU32>,
}

impl Crawl {
    fn new(given_up: &Arc<Mutex<Vec<u32>>>) -> Self {
        let given_up = Arc::clone(given_up);
        let pages = WorkQueue::builder(16)
            .dedupe_by(|page: &u32| *page)
            .on_failed(move |failed| given_up.lock().push(failed.item))
            .build()
            .unwrap();
        Self { pages, limiter: RateLimiter::new(Quota::per_second(1)), attempts: Arc::default() }
    }

    /// Works until the queue is closed; how many pages it got.
    async fn work(self) -> Result<u32, Interrupt> {
        let retry = Retry::fixed(ms(500)).max_attempts(3);
        let mut got = 0;
        while let Ok(job) = self.pages.get().await {
            let (page, tries) = (*job, AtomicU32::new(0));
            let fetched = retry.run(|| {
                self.attempts.fetch_add(1, SeqCst);
                fetch(&self.limiter, page, tries.fetch_add(1, SeqCst) + 1)
            });
            match fetched.await {
                Ok(()) => {
                    job.ack();
                    got += 1;
                }
                Err(error) => job.fail(error),
            }
        }
        Ok(got)
    }
}

async fn tick(ticks: Arc<AtomicU32>) -> Result<(), Interrupt> {
    loop {
        context::sleep(secs(60)).await?;
        ticks.fetch_add(1, SeqCst);
    }
}

#[tokio::test(start_paused = true)]
#[allow(clippy::disallowed_methods, reason = "how much real time a virtual hour takes is what is measured")]
async fn an_hour_of_everything_together_takes_a_moment() {
    let (began, start) = (std::time::Instant::now(), Instant::now());
    let (log, ticks, given_up) = (Log::default(), Arc::<AtomicU32>::default(), Arc::<Mutex<Vec<u32>>>::default());
    let crawl = Crawl::new(&given_up);

    let work = ExitStack::new().run(async |stack| {
        let flushed = log.clone();
        stack.push("flush", async move || {
            sleep(ms(900)).await;
            flushed.add("flushed");
            Ok(())
        });
        let got = TaskGroup::new("crawl").run(async |group| {
            let ticker = group.spawn("ticker", tick(Arc::clone(&ticks)));
            let spawn = |worker: usize| group.spawn(format!("worker-{worker}"), crawl.clone().work());
            let workers: Vec<_> = (0..WORKERS).map(spawn).collect();
            for page in 0..PAGES {
                crawl.pages.put(page).await?;
            }
            crawl.pages.join().await?;
            crawl.pages.close();
            let mut got = 0;
            for worker in workers {
                got += worker.await?;
            }
            ticker.cancel("the crawl is done");
            assert!(ticker.outcome().await.is_cancelled());
            Ok(got)
        });
        let got = got.await?;
        // The last attempt begins at 3,599 s and takes 100 ms.
        assert_eq!(start.elapsed(), secs(3_599) + ms(100));
        Ok(got)
    });
    let got = timeout(2 * secs(3_600), work).await.unwrap().unwrap();

    assert_eq!(start.elapsed(), secs(3_600));
    assert_eq!(log.all(), ["flushed"]);
    assert_eq!(got, PAGES - GIVEN_UP);
    assert_eq!(crawl.attempts.load(SeqCst), ATTEMPTS);
    assert_eq!(ticks.load(SeqCst), 59);
    let mut given_up = std::mem::take(&mut *given_up.lock());
    given_up.sort_unstable();
    assert!(given_up.into_iter().eq((99..2_500).step_by(100)));
    let stats = crawl.pages.stats();
    assert_eq!((stats.put, stats.acked, stats.failed), (3_050, 3_025, 25));
    assert_eq!((stats.accounted_for(), stats.peak_depth), (3_050, 16));
    assert_eq!(crawl.limiter.status().waiting, 0);

    let real = began.elapsed();
    assert!(real < Duration::from_secs(10), "an hour of virtual time took {real:?}");
}

/// The same, cut short by a limit in the middle: everybody is asked, cleans up, and is waited for.
#[tokio::test(start_paused = true)]
async fn half_an_hour_of_everything_ends_on_time_and_leaves_nothing_behind() {
    // When no attempt is in the 100 ms in which it hears nothing.
    let limit = ms(1_800_500);
    let start = Instant::now();
    let (log, given_up, root) = (Log::default(), Arc::default(), Reaper::new());
    let crawl = Crawl::new(&given_up);
    let main = async {
        let work = ExitStack::new().run(async |stack| {
            let flushed = log.clone();
            stack.push("flush", async move || {
                sleep(secs(5)).await;
                flushed.add("flushed");
                Ok(())
            });
            let settled = TaskGroup::new("crawl").policy(CollectAll).run(async |group| {
                for worker in 0..WORKERS {
                    let (crawl, log) = (crawl.clone(), log.clone());
                    group.spawn(format!("worker-{worker}"), async move {
                        let worked = crawl.work().await;
                        let cause = Context::current().token().cause().map(|cause| cause.kind());
                        sleep(secs(1)).await;
                        log.add(if cause == Some(CancelKind::Deadline) { "worker asked" } else { "worker ended" });
                        worked
                    });
                }
                for page in 0..PAGES {
                    crawl.pages.put(page).await?;
                }
                Ok(())
            });
            Ok::<_, BoxError>(settled.await.counts)
        });
        assert_eq!(timeout(limit, work).await.unwrap_err().limit(), limit);
        assert_eq!(start.elapsed(), limit, "the limit itself is on time");
    };
    root.run(main).await;

    // The workers' second, then the flush.
    assert_eq!(start.elapsed(), limit + secs(6));
    assert_eq!(log.all(), [vec!["worker asked"; WORKERS], vec!["flushed"]].concat());
    let stats = crawl.pages.stats();
    assert_eq!((stats.accounted_for(), stats.in_flight), (stats.put, 0), "{stats:?}");
    assert_eq!(crawl.limiter.status().waiting, 0);
    assert!(root.live().is_empty());
}
