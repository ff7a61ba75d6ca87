//! Many drivers that do everything at once, at random, for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{
    Answer, DeadReason, Due, End, Entered, JobDriver, NewJob, Owner, PostgresDriver, Prune, QueueLimits, QueueRate,
    Take, TakenJob, Turns, Unique,
};
use actors::worker_pool::Priority;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Pool, driver, number, pool};
use crate::dice::Dice;
use crate::pool_support::{bounded, millis, postgres as server};

const DRIVERS: usize = 8;
const QUEUES: [&str; 3] = ["red", "green", "blue"];

/// How long they go on.
const FOR: Duration = Duration::from_secs(8);

impl Dice {
    fn queue(&mut self) -> &'static str {
        self.any(&QUEUES)
    }

    /// One of few, so that several mean the same.
    fn id(&mut self) -> JobId {
        JobId::of(&[&self.below(4_000).to_string()])
    }

    fn job(&mut self) -> NewJob {
        let queue = self.queue();
        let mut job = NewJob::new(self.id(), queue, "any", "{}");
        if self.below(2) == 0 {
            job.key = Some(self.below(5).to_string());
        }
        if self.below(4) == 0 {
            job.unique = Some(Unique { key: self.below(6).to_string(), window: millis(self.below(50)) });
        }
        if self.below(8) == 0 {
            job.expires = Some(Due::After(millis(self.below(200))));
        }
        job.priority = self.any(&[Priority::Low, Priority::Normal, Priority::High]);
        job.due = Due::After(millis(self.below(20)));
        job
    }

    fn jobs(&mut self) -> Vec<NewJob> {
        (0..=self.below(30)).map(|_| self.job()).collect()
    }

    fn end(&mut self) -> End {
        match self.below(6) {
            0 => End::Retry { after: millis(self.below(20)), error: "no route".to_owned() },
            1 => End::Released { after: millis(self.below(20)) },
            2 => End::Dead { reason: DeadReason::Terminated, error: "no".to_owned() },
            3 => End::Cancelled,
            _ => End::Done { output: None },
        }
    }
}

/// One process's life after the other.
struct Actor {
    driver: PostgresDriver,
    dice: Dice,
    name: String,
    life: u64,
    serial: u64,
    held: Vec<TakenJob>,
    /// How many jobs were entered, by all.
    new: Arc<AtomicU64>,
}

impl Actor {
    fn owner(&self) -> String {
        format!("{} {}", self.name, self.life)
    }

    async fn lives(&mut self) {
        self.life += 1;
        self.held.clear();
        let owner = Owner { owner: self.owner(), instance: Some(self.name.clone()), poison: 3 };
        self.driver.enter(&owner).await.unwrap();
    }

    /// Does something. What nobody may refuse fails the test.
    async fn step(&mut self) {
        let owner = self.owner();
        match self.dice.below(20) {
            0..=4 => {
                let jobs = self.dice.jobs();
                let entered = self.driver.enqueue(None, &jobs).await.unwrap();
                self.count(&entered);
            }
            5..=9 => {
                self.serial += 1;
                let (serial, suspect) = (self.serial, self.dice.below(2) == 0);
                let some = self.dice.index(4);
                let queues = QUEUES.iter().take(some).map(|queue| (*queue).to_owned()).collect();
                let most = self.dice.index(20);
                let take = Take { owner, serial, queues, most, suspect, ageing: millis(10) };
                match self.driver.take(&take).await.unwrap() {
                    Some(taken) => self.held.extend(taken.jobs),
                    None => self.lives().await,
                }
            }
            10..=14 => self.answers(&owner).await,
            15 => match self.driver.beat(&owner).await.unwrap() {
                None => self.lives().await,
                // Somebody is given up, who may be well.
                Some(beat) if self.dice.below(3) == 0 => {
                    if let Some(other) = beat.others.first() {
                        self.driver.evict(&other.owner, other.beat).await.unwrap();
                    }
                }
                Some(_) => {
                    if let Some(leads) = self.driver.campaign(&owner).await.unwrap() {
                        let jobs = self.dice.jobs();
                        let entered = self.driver.enqueue(Some(leads.term), &jobs).await.unwrap();
                        self.count(&entered);
                        self.driver.resign(&leads).await.unwrap();
                    }
                }
            },
            16 => {
                self.driver.cancel(self.dice.id()).await.unwrap();
            }
            17 => {
                self.driver.retry(self.dice.id()).await.unwrap();
            }
            18 => {
                let rate = (self.dice.below(2) == 0).then_some(QueueRate { spacing: millis(1), burst: 20 });
                let running = (self.dice.below(2) == 0).then_some(10);
                self.driver.limit(self.dice.queue(), &QueueLimits { running, rate }).await.unwrap();
            }
            _ => {
                let prune = Prune { over: millis(500), dead: Some(millis(500)), most: 50 };
                self.driver.prune(&prune).await.unwrap();
                let turns = Turns { name: "shared".to_owned(), count: 2, spacing: millis(1), pause: Duration::ZERO };
                self.driver.turns(&turns).await.unwrap();
            }
        }
    }

    async fn answers(&mut self, owner: &str) {
        let Self { dice, held, .. } = self;
        let answers: Vec<_> = held
            .drain(..)
            .map(|job| {
                let next = if dice.below(4) == 0 { dice.jobs() } else { Vec::new() };
                Answer { next, ..Answer::new(job.id, job.fence, dice.end()) }
            })
            .collect();
        assert_eq!(self.driver.answer(owner, &answers).await.unwrap().len(), answers.len());
    }

    fn count(&self, entered: &[Entered]) {
        let new = entered.iter().filter(|entered| **entered == Entered::New).count();
        self.new.fetch_add(new as u64, SeqCst);
    }
}

/// What holds at any time.
async fn assert_whole(pool: &Pool) {
    let alone = "select count(*) from durable_job j where state = 'running' and not exists (
        select from durable_owner o where o.owner = j.owner)";
    assert_eq!(number(pool, alone).await, 0, "a job runs with an owner who is gone");
    let lines = "select count(*) from (
        select line from durable_job where line is not null and state in ('waiting', 'running')
        group by line having count(*) filter (where not behind) <> 1
            or min(place) <> min(place) filter (where not behind)) as l";
    assert_eq!(number(pool, lines).await, 0, "a line has not got its first one in front, and nobody else");
    let unique = "select count(*) from (
        select sole from durable_job where sole is not null and place = seq and state in ('waiting', 'running')
        group by sole having count(*) > 1) as s";
    assert_eq!(number(pool, unique).await, 0, "two jobs that never were dead have the same unique key");
    let locks = "select (select count(*) from durable_sole where job is null) + (
        select count(*) from durable_line l where not exists (
            select from durable_job j where j.line = l.line and j.state in ('waiting', 'running')))";
    assert_eq!(number(pool, locks).await, 0, "what was there to be locked is left over");
}

#[tokio::test]
async fn many_drivers_that_do_everything_at_random_never_meet_in_a_deadlock() {
    let Some(server) = server("many drivers of jobs").await else { return };
    bounded(async {
        let (first, second) = (pool(&server, "").await, pool(&server, "").await);
        let observer = pool(&server, "").await;
        driver(&first).await;
        let seed = Timestamp::now().as_millisecond().unsigned_abs();
        let (new, end) = (Arc::<AtomicU64>::default(), Instant::now() + FOR);
        let mut tasks = JoinSet::new();
        for n in 0..DRIVERS {
            let driver = driver(if n % 2 == 0 { &first } else { &second }).await;
            let (name, dice, new) = (format!("life {n} of seed {seed}"), Dice::of(seed + n as u64), Arc::clone(&new));
            let mut actor = Actor { driver, dice, name, life: 0, serial: 0, held: Vec::new(), new };
            tasks.spawn(async move {
                actor.lives().await;
                while Instant::now() < end {
                    actor.step().await;
                }
                actor.driver.leave(&actor.owner()).await.unwrap();
            });
        }
        while !tasks.is_empty() {
            sleep(millis(100)).await;
            assert_whole(&observer).await;
            while let Some(ended) = tasks.try_join_next() {
                ended.unwrap_or_else(|error| panic!("with the seed {seed}: {error}"));
            }
        }
        // The server counts when a connection has had nothing to do for a while.
        sleep(millis(1_500)).await;
        let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
        assert_eq!(number(&observer, deadlocks).await, 0, "with the seed {seed}");
        let counts = driver(&first).await.counts().await.unwrap();
        let entered: u64 = counts.iter().map(|counts| counts.entered()).sum();
        // What followed on answers was entered, too, and nobody was told how much.
        assert!(new.load(SeqCst) > 100 && entered >= new.load(SeqCst), "{entered} with the seed {seed}");
        assert!(counts.iter().all(|counts| counts.running == 0), "{counts:?} with the seed {seed}");
        assert!(counts.iter().map(|counts| counts.pruned).sum::<u64>() > 0, "{counts:?} with the seed {seed}");
    })
    .await;
}
