//! What people do and see.

use std::time::Duration;

use actors::jobs::driver::{
    DeadReason, Due, End, Entered, JobDriver, JobFilter, JobState, NewJob, Prune, Turns, Unique,
};
use tokio::time::timeout;

use super::{Worker, World, counts, done, enter, enter_all, id, job, kinds, released, retry, state};

pub(super) async fn cancels_what_waits_and_tells_who_runs<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "cancel: worker", "cancel").await;
    let later = NewJob { due: Due::After(Duration::from_secs(3_600)), ..job("cancel", "later") };
    enter(&driver, &[later, job("cancel", "waits")]).await;
    for name in ["later", "waits"] {
        for _ in 0..2 {
            assert_eq!(driver.cancel(id("cancel", name)).await.unwrap(), Some(JobState::Cancelled));
        }
    }
    assert_eq!(worker.nothing().await, None);
    assert_eq!(driver.cancel(id("cancel", "nothing")).await.unwrap(), None);

    enter_all(&driver, "cancel", &["1", "2", "3", "4", "5"]).await;
    let taken = worker.take(10).await.jobs;
    assert!(driver.beat("cancel: worker").await.unwrap().unwrap().cancelled.is_empty());
    for job in &taken {
        assert_eq!(driver.cancel(job.id).await.unwrap(), Some(JobState::Running));
    }
    let mut told = driver.beat("cancel: worker").await.unwrap().unwrap().cancelled;
    let mut expected: Vec<_> = taken.iter().map(|job| (job.id, job.fence)).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    // What was done is done; what would be tried again is not.
    let ends = [done(), retry(Duration::ZERO), released(), End::Cancelled];
    for (job, end) in taken.iter().zip(ends) {
        worker.end(job, end).await;
    }
    driver.leave("cancel: worker").await.unwrap();
    let mut states = Vec::new();
    for job in &taken {
        states.push(state(&driver, job.id).await);
    }
    let cancelled = JobState::Cancelled;
    assert_eq!(states, [JobState::Done, cancelled, cancelled, cancelled, cancelled]);
    assert_eq!(driver.cancel(taken[0].id).await.unwrap(), Some(JobState::Done));
    // It may run again, and then it is not to be cancelled.
    let worker = Worker::new(&driver, "cancel: other", "cancel").await;
    assert_eq!(driver.retry(taken[4].id).await.unwrap(), Some(JobState::Waiting));
    worker.end(&worker.one().await, retry(Duration::ZERO)).await;
    assert_eq!(state(&driver, taken[4].id).await, JobState::Waiting);
    driver.leave("cancel: other").await.unwrap();
}

pub(super) async fn shares_a_rate<W: World>(world: &W) {
    let driver = world.open().await;
    let unit = world.unit();
    let turns = async |name: &str, count, pause| {
        let turns = Turns { name: name.to_owned(), count, spacing: unit * 4, pause };
        driver.turns(&turns).await.unwrap()
    };
    let none = Duration::ZERO;
    assert_eq!(turns("example.org", 1, none).await, none);
    let wait = turns("example.org", 3, none).await;
    assert!(wait > unit * 2 && wait <= unit * 4, "{wait:?}");
    let wait = turns("example.org", 1, none).await;
    assert!(wait > unit * 14 && wait <= unit * 16, "{wait:?}");
    // Another one has turns of its own.
    assert_eq!(turns("example.com", 1, none).await, none);
    // After a rest there are no more at once.
    world.pass(30).await;
    assert_eq!(turns("example.org", 1, none).await, none);
    assert!(turns("example.org", 1, none).await > unit * 2);
    // Nobody goes on before a pause is over, and a shorter one does not shorten it.
    turns("example.com", 0, unit * 50).await;
    turns("example.com", 0, unit * 5).await;
    let wait = turns("example.com", 1, none).await;
    assert!(wait > unit * 40 && wait <= unit * 50, "{wait:?}");
}

pub(super) async fn lists_jobs_page_by_page<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "list: worker", "list").await;
    enter_all(&driver, "list", &["1", "2", "3", "4", "5"]).await;
    worker.end(&worker.one().await, done()).await;
    let in_list = JobFilter { queue: Some("list".to_owned()), most: 2, ..JobFilter::default() };
    let mut pages = Vec::new();
    let mut filter = in_list.clone();
    loop {
        let page = driver.list(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.seq);
        pages.push(page.iter().map(|job| job.kind.clone()).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(pages, ["5 4", "3 2", "1"]);
    let of = async |filter: JobFilter| {
        let found = driver.list(&filter).await.unwrap();
        found.into_iter().map(|job| job.kind).collect::<Vec<_>>()
    };
    assert_eq!(of(JobFilter { state: Some(JobState::Done), ..in_list.clone() }).await, ["1"]);
    assert_eq!(of(JobFilter { kind: Some("3".to_owned()), ..in_list.clone() }).await, ["3"]);
    assert!(of(JobFilter { state: Some(JobState::Dead), ..in_list }).await.is_empty());
    driver.leave("list: worker").await.unwrap();
}

pub(super) async fn accounts_for_every_job<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "counts: worker", "counts").await;
    assert_eq!(counts(&driver, "counts").await.entered(), 0);
    enter_all(&driver, "counts", &["1", "2", "3", "4", "5", "6"]).await;
    let later = NewJob { due: Due::After(Duration::from_secs(3_600)), ..job("counts", "later") };
    let keyed = |name| NewJob { key: Some("a".to_owned()), ..job("counts", name) };
    enter(&driver, &[later, keyed("first"), keyed("behind")]).await;
    let seen = counts(&driver, "counts").await;
    assert_eq!((seen.entered(), seen.waiting, seen.ready), (9, 9, 7));
    world.pass(3).await;
    let lag = counts(&driver, "counts").await.lag.unwrap();
    assert!(lag >= world.unit() * 2, "{lag:?}");
    let taken = worker.take(5).await.jobs;
    let dead = End::Dead { reason: DeadReason::Terminated, error: "no".to_owned() };
    for (job, end) in taken.iter().zip([done(), dead, End::Cancelled, retry(Duration::from_secs(3_600))]) {
        worker.end(job, end).await;
    }
    let seen = counts(&driver, "counts").await;
    assert_eq!((seen.entered(), seen.waiting, seen.ready), (9, 5, 2));
    assert_eq!((seen.running, seen.done, seen.dead, seen.cancelled, seen.pruned), (1, 1, 1, 1, 0));
    let queues: Vec<_> = driver.counts().await.unwrap().into_iter().map(|counts| counts.queue).collect();
    assert!(queues.is_sorted_by(|a, b| a < b), "{queues:?}");
    driver.leave("counts: worker").await.unwrap();
}

pub(super) async fn forgets_what_was_over_for_long<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "prune: worker", "prune").await;
    let held = Unique { key: "held".to_owned(), window: world.unit() * 1_000 };
    enter(&driver, &[NewJob { unique: Some(held.clone()), ..job("prune", "1") }]).await;
    enter_all(&driver, "prune", &["2", "3", "4", "5"]).await;
    let dead = End::Dead { reason: DeadReason::Terminated, error: "no".to_owned() };
    for end in [done(), dead, End::Cancelled] {
        worker.end(&worker.one().await, end).await;
    }
    let prune = async |over, dead, most| driver.prune(&Prune { over, dead, most }).await.unwrap();
    // Others in the same engine have been over for as long.
    prune(world.unit() * 500, None, usize::MAX).await;
    assert_eq!(counts(&driver, "prune").await.pruned, 0);
    world.pass(4).await;
    worker.end(&worker.one().await, done()).await;
    while prune(world.unit() * 3, None, 10).await > 0 {}
    let seen = counts(&driver, "prune").await;
    assert_eq!((seen.entered(), seen.pruned, seen.done, seen.dead, seen.waiting), (5, 2, 1, 1, 1));
    assert_eq!(driver.look(&[id("prune", "1")]).await.unwrap(), [None]);
    // A unique key that is held outlives its job.
    let other = NewJob { unique: Some(held), ..job("prune", "6") };
    let entered = driver.enqueue(None, &[other]).await.unwrap();
    assert_eq!(entered, [Entered::Duplicate(id("prune", "1"))]);
    while prune(world.unit() * 500, Some(world.unit() * 3), 10).await > 0 {}
    assert_eq!(counts(&driver, "prune").await.dead, 0);
    driver.leave("prune: worker").await.unwrap();
}

pub(super) async fn wakes_whoever_waits<W: World>(world: &W) {
    let (driver, other) = (world.open().await, world.open().await);
    let worker = Worker::new(&driver, "wakes up: worker", "wakes up").await;
    let queues = ["wakes up".to_owned()];
    let limit = Duration::from_secs(20);
    // What comes between looking and waiting is not overlooked; whoever it comes from.
    let mark = driver.mark();
    assert_eq!(worker.nothing().await, None);
    enter_all(&other, "wakes up", &["1"]).await;
    timeout(limit, driver.woken(&queues, mark)).await.expect("something came before it waited");
    assert_eq!(kinds(&worker.take(10).await), ["1"]);

    let mark = driver.mark();
    let waits = async { timeout(limit, driver.woken(&queues, mark)).await.expect("something came while it waited") };
    let enters = async {
        tokio::task::yield_now().await;
        enter_all(&other, "wakes up", &["2"]).await;
    };
    tokio::join!(waits, enters);
    let taken = worker.take(10).await;
    assert_eq!(kinds(&taken), ["2"]);

    // So does the end of a job that somebody waits for.
    enter(&driver, &[NewJob { told: true, ..job("wakes up", "3") }]).await;
    let told = worker.one().await;
    let mark = other.mark();
    worker.end(&told, done()).await;
    timeout(limit, other.woken(&[], mark)).await.expect("it has ended");
    driver.leave("wakes up: worker").await.unwrap();
}
