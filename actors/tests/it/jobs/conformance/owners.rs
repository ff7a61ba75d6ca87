//! Who is alive, who was given up, and who leads.

use std::time::Duration;

use actors::jobs::driver::{
    Accepted, Answer, DeadReason, Entered, Eviction, JobDriver, JobState, Leadership, Owner, Take, TakenJob,
};

use super::{Worker, World, answer, done, enter_all, id, job, kinds, record, retry, state};

fn gone(handed_back: u64, poisoned: u64) -> Eviction {
    Eviction::Gone { handed_back, poisoned }
}

pub(super) async fn hands_back_what_a_crash_left<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "crash: a", "crash").await, Worker::new(&driver, "crash: b", "crash").await);
    enter_all(&driver, "crash", &["1", "2", "3"]).await;
    let (first, second) = (a.one().await, a.one().await);
    a.end(&first, done()).await;
    assert_eq!(kinds(&b.take(10).await), ["3"]);
    let beat = b.beat_of("crash: a").await;
    assert_eq!(driver.evict("crash: a", beat).await.unwrap(), gone(1, 0));
    // Again: it is gone, and nothing is handed back twice.
    assert_eq!(driver.evict("crash: a", beat).await.unwrap(), gone(0, 0));
    let again = b.one().await;
    assert_eq!((again.id, again.attempt, again.crashes), (second.id, 2, 2));
    assert!(again.fence > second.fence);
    assert_eq!(driver.beat("crash: a").await.unwrap(), None);
    // One that nobody knows is gone, too.
    assert_eq!(driver.evict("crash: nobody", 0).await.unwrap(), gone(0, 0));
    b.end(&again, done()).await;
    assert_eq!(record(&driver, again.id).await.crashes, 1);
    driver.leave("crash: b").await.unwrap();
}

pub(super) async fn leaves_alone_who_is_alive<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "alive: a", "alive").await, Worker::new(&driver, "alive: b", "alive").await);
    enter_all(&driver, "alive", &["1"]).await;
    let taken = a.one().await;
    let seen = b.beat_of("alive: a").await;
    assert_eq!(b.beat_of("alive: a").await, seen);
    driver.beat("alive: a").await.unwrap().unwrap();
    assert!(b.beat_of("alive: a").await > seen);
    assert_eq!(driver.evict("alive: a", seen).await.unwrap(), Eviction::Alive);
    assert_eq!(state(&driver, taken.id).await, JobState::Running);
    let others = driver.beat("alive: b").await.unwrap().unwrap().others;
    let other = others.iter().find(|other| other.owner == "alive: a").unwrap();
    assert_eq!((other.running, &other.instance), (1, &None));
    assert!(others.iter().all(|other| other.owner != "alive: b"));
    let seen = driver.owners().await.unwrap();
    assert!(seen.all.contains(other) && seen.all.iter().any(|other| other.owner == "alive: b"));
    assert_eq!(driver.owners().await.unwrap(), seen, "asking is no sign of life");
    // To take something is a sign of life, too: who had nothing to do may have given none for long.
    let seen = b.beat_of("alive: a").await;
    enter_all(&driver, "alive", &["2"]).await;
    let second = a.one().await;
    assert_eq!(driver.evict("alive: a", seen).await.unwrap(), Eviction::Alive);
    a.end(&second, done()).await;
    // To enter again changes nothing.
    let same = Owner { owner: "alive: a".to_owned(), instance: None, poison: 3 };
    assert!(!driver.enter(&same).await.unwrap());
    a.end(&taken, done()).await;
    assert_eq!(driver.leave("alive: a").await.unwrap(), gone(0, 0));
    assert_eq!(driver.beat("alive: a").await.unwrap(), None);
    driver.leave("alive: b").await.unwrap();
}

pub(super) async fn refuses_who_wakes_after_it_was_given_up<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "wakes: a", "wakes").await, Worker::new(&driver, "wakes: b", "wakes").await);
    enter_all(&driver, "wakes", &["1", "2", "3"]).await;
    let (first, second) = (a.one().await, a.one().await);
    let beat = b.beat_of("wakes: a").await;
    assert_eq!(driver.evict("wakes: a", beat).await.unwrap(), gone(2, 0));
    // Whether somebody else has got it by now, or nobody yet.
    let taken = b.one().await;
    assert_eq!(taken.id, first.id);
    let follow = Answer { next: vec![job("wakes", "follows")], ..answer(first.id, first.fence, done()) };
    let answers = [follow, answer(second.id, second.fence, done())];
    assert_eq!(driver.answer("wakes: a", &answers).await.unwrap(), [const { Accepted::Stale }; 2]);
    assert_eq!(state(&driver, first.id).await, JobState::Running);
    assert_eq!(state(&driver, second.id).await, JobState::Waiting);
    assert_eq!(driver.look(&[id("wakes", "follows")]).await.unwrap(), [None]);
    assert_eq!(driver.take(&a.wish(10)).await.unwrap(), None);
    assert_eq!(driver.campaign("wakes: a").await.unwrap(), None);
    // Who has it has it still.
    b.end(&taken, done()).await;
    driver.leave("wakes: b").await.unwrap();
}

pub(super) async fn fences_the_earlier_life_of_an_instance<W: World>(world: &W) {
    let driver = world.open().await;
    let life = |owner: &str, instance: &str| {
        let (owner, instance) = (owner.to_owned(), Some(instance.to_owned()));
        Owner { owner, instance, poison: 3 }
    };
    assert!(driver.enter(&life("web: 1", "web")).await.unwrap());
    assert!(driver.enter(&life("other: 1", "other")).await.unwrap());
    enter_all(&driver, "instance", &["1"]).await;
    let taker = |owner: &str| Take {
        owner: owner.to_owned(),
        serial: 1,
        queues: vec!["instance".to_owned()],
        most: 1,
        suspect: true,
        ageing: Duration::ZERO,
    };
    let first = driver.take(&taker("web: 1")).await.unwrap().unwrap();
    assert_eq!(kinds(&first), ["1"]);
    for is_new in [true, false] {
        assert_eq!(driver.enter(&life("web: 2", "web")).await.unwrap(), is_new);
    }
    assert_eq!(driver.beat("web: 1").await.unwrap(), None);
    assert!(driver.beat("other: 1").await.unwrap().is_some());
    let again = driver.take(&taker("web: 2")).await.unwrap().unwrap();
    assert_eq!((kinds(&again), again.jobs[0].crashes), (vec!["1"], 2));
    for owner in ["web: 2", "other: 1"] {
        driver.leave(owner).await.unwrap();
    }
}

/// Takes one job, and goes down with it.
async fn goes_down<D: JobDriver>(driver: &D, owner: &str, queue: &str) -> TakenJob {
    let worker = Worker::new(driver, owner, queue).await;
    let job = worker.one().await;
    let eviction = driver.leave(owner).await.unwrap();
    assert!(matches!(eviction, Eviction::Gone { .. }), "{eviction:?}");
    job
}

pub(super) async fn puts_aside_what_kills_its_process<W: World>(world: &W) {
    let driver = world.open().await;
    enter_all(&driver, "poison", &["killer"]).await;
    for life in 1..=2 {
        let job = goes_down(&driver, &format!("poison: {life}"), "poison").await;
        assert_eq!((job.crashes, state(&driver, job.id).await), (life, JobState::Waiting));
    }
    // One that ends in between is not forgiven: it may be that it kills now and then.
    let worker = Worker::new(&driver, "poison: careful", "poison").await;
    worker.end(&worker.one().await, retry(Duration::ZERO)).await;
    let killer = worker.one().await;
    assert_eq!((killer.crashes, killer.attempt), (3, 4));
    let eviction = driver.leave("poison: careful").await.unwrap();
    assert_eq!(eviction, gone(0, 1));
    let seen = record(&driver, killer.id).await;
    assert_eq!((seen.state, seen.dead), (JobState::Dead, Some(DeadReason::Poisoned)));
    let worker = Worker::new(&driver, "poison: other", "poison").await;
    assert_eq!(worker.nothing().await, None);
    // Somebody may give it another chance.
    assert_eq!(driver.retry(killer.id).await.unwrap(), Some(JobState::Waiting));
    assert_eq!(worker.one().await.crashes, 1);
    driver.leave("poison: other").await.unwrap();
}

pub(super) async fn hands_out_one_suspect_at_a_time<W: World>(world: &W) {
    let driver = world.open().await;
    enter_all(&driver, "suspects", &["1", "2", "3"]).await;
    let first = Worker::new(&driver, "suspects: a", "suspects").await;
    assert_eq!(first.take(3).await.jobs.len(), 3);
    driver.leave("suspects: a").await.unwrap();
    enter_all(&driver, "suspects", &["4", "5"]).await;
    let worker = Worker::new(&driver, "suspects: b", "suspects").await;
    let without = Take { suspect: false, ..worker.wish(1) };
    assert_eq!(kinds(&driver.take(&without).await.unwrap().unwrap()), ["4"]);
    let taken = worker.take(10).await;
    assert_eq!(kinds(&taken), ["1", "5"]);
    let none = Take { suspect: false, ..worker.wish(10) };
    let none = driver.take(&none).await.unwrap().unwrap();
    assert_eq!((none.jobs.len(), none.next), (0, None));
    worker.end(&taken.jobs[0], done()).await;
    assert_eq!(kinds(&worker.take(10).await), ["2"]);
    driver.leave("suspects: b").await.unwrap();
}

pub(super) async fn has_one_leader_and_hears_no_other<W: World>(world: &W) {
    let driver = world.open().await;
    Worker::new(&driver, "leads: a", "leads").await;
    let b = Worker::new(&driver, "leads: b", "leads").await;
    let first = driver.campaign("leads: a").await.unwrap().unwrap();
    assert!(first.owner == "leads: a" && first.term > 0, "{first:?}");
    for owner in ["leads: b", "leads: a"] {
        assert_eq!(driver.campaign(owner).await.unwrap(), Some(first.clone()));
    }
    assert_eq!(driver.beat("leads: b").await.unwrap().unwrap().leader, Some(first.clone()));
    let entered = driver.enqueue(Some(first.term), &[job("leads", "1")]).await.unwrap();
    assert_eq!(entered, [Entered::New]);
    // It is given up; from then on it says nothing more, whether somebody has followed or not.
    let beat = b.beat_of("leads: a").await;
    assert_eq!(driver.evict("leads: a", beat).await.unwrap(), gone(0, 0));
    let deposed = async || {
        let jobs = [job("leads", "2"), job("leads", "1")];
        assert_eq!(driver.enqueue(Some(first.term), &jobs).await.unwrap(), [Entered::Deposed; 2]);
        assert_eq!(driver.look(&[id("leads", "2")]).await.unwrap(), [None]);
    };
    deposed().await;
    let second = driver.campaign("leads: b").await.unwrap().unwrap();
    assert!(second.owner == "leads: b" && second.term > first.term);
    deposed().await;
    let entered = driver.enqueue(Some(second.term), &[job("leads", "2"), job("leads", "1")]).await.unwrap();
    assert_eq!(entered, [Entered::New, Entered::Known]);
    // Nobody resigns for another.
    driver.resign(&Leadership { owner: "leads: b".to_owned(), ..first }).await.unwrap();
    assert_eq!(driver.beat("leads: b").await.unwrap().unwrap().leader, Some(second.clone()));
    for _ in 0..2 {
        driver.resign(&second).await.unwrap();
    }
    assert_eq!(driver.beat("leads: b").await.unwrap().unwrap().leader, None);
    let entered = driver.enqueue(Some(second.term), &[job("leads", "3")]).await.unwrap();
    assert_eq!(entered, [Entered::Deposed]);
    let third = driver.campaign("leads: b").await.unwrap().unwrap();
    assert!(third.term > second.term);
    driver.leave("leads: b").await.unwrap();
}
