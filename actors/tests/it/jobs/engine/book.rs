//! A job that does what it is told, and the book in which it writes what it saw.

use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::Effects;
use actors::jobs::{Failure, Job, Retries, Run, Stop};
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::context;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::flaky::Broken;
use super::support::{deed, millis, secs};

/// What a job does; times are in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Act {
    /// Its name comes of it.
    Done,
    Fail(String),
    FailAfter(u64),
    Terminate(String),
    Later(u64),
    Panic,
    /// Takes so long, but obeys who asks it to stop.
    Nap(u64),
    /// Takes so long, whoever asks.
    Insist(u64),
    /// Takes so long, and writes down each reason for which it should stop.
    Watch(u64),
    /// Is followed by these.
    Then(Vec<String>),
    /// Would be followed by these, and fails.
    ThenFail(Vec<String>),
    /// Is followed by one with another id each time.
    Follow,
    /// Would commit what can't be.
    Effects,
}

/// Does its first act when it is begun for the first time, and so on; the last one again and again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Deed {
    pub(super) name: String,
    pub(super) acts: Vec<Act>,
}

#[async_trait]
impl Job for Deed {
    const KIND: &'static str = "deed";
    const QUEUE: &'static str = "deeds";
    type Output = String;
    type State = Book;

    async fn run(self, book: &Book, run: &mut Run) -> Result<String, Failure> {
        let Self { name, acts } = self;
        let (before, _ongoing) = book.begin(&name, run);
        match acts.get(before).or(acts.last()).cloned().unwrap_or(Act::Done) {
            Act::Done => {}
            Act::Fail(why) => return Err(Failure::retry(why)),
            Act::FailAfter(wait) => return Err(Failure::after("come back later", millis(wait))),
            Act::Terminate(why) => return Err(Failure::terminate(why)),
            Act::Later(wait) => return Err(Failure::Later(millis(wait))),
            Act::Panic => panic!("a job that panics"),
            Act::Nap(long) => {
                let slept = context::sleep(millis(long)).await;
                book.see(&name, run);
                slept?;
            }
            Act::Insist(long) => {
                sleep(millis(long)).await;
                book.see(&name, run);
            }
            Act::Watch(long) => {
                let end = Instant::now() + millis(long);
                while Instant::now() < end {
                    book.see(&name, run);
                    sleep(millis(100)).await;
                }
            }
            Act::Then(names) => follow(run, &names)?,
            Act::ThenFail(names) => {
                follow(run, &names)?;
                return Err(Failure::retry("after all"));
            }
            Act::Follow => {
                let next = Self { name: format!("{name} follows"), acts: Vec::new() };
                run.then(next.entry())?;
            }
            Act::Effects => run.effects(Effects::new(Broken))?,
        }
        Ok(name)
    }

    fn retries() -> Retries {
        Retries::new(3).delay(secs(1)).longest(secs(2))
    }
}

fn follow(run: &mut Run, names: &[String]) -> Result<(), Failure> {
    for name in names {
        run.then(deed(name, []))?;
    }
    Ok(())
}

/// What jobs saw, wherever they ran.
#[derive(Clone, Default)]
pub(super) struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    starts: Vec<Start>,
    ends: Vec<(String, Instant)>,
    stops: Vec<(String, Stop, Instant)>,
    running: usize,
    most: usize,
}

/// That a job was begun.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) name: String,
    pub(super) at: Instant,
    pub(super) attempt: u32,
    pub(super) crashes: u32,
}

/// A job that runs.
struct Ongoing {
    book: Book,
    name: String,
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        let mut pages = self.book.0.lock();
        pages.running -= 1;
        pages.ends.push((std::mem::take(&mut self.name), Instant::now()));
    }
}

impl Book {
    /// How often it was begun before.
    fn begin(&self, name: &str, run: &Run) -> (usize, Ongoing) {
        let mut pages = self.0.lock();
        let before = pages.starts.iter().filter(|start| start.name == name).count();
        let (attempt, crashes) = (run.attempt(), run.crashes());
        pages.starts.push(Start { name: name.to_owned(), at: Instant::now(), attempt, crashes });
        pages.running += 1;
        pages.most = pages.most.max(pages.running);
        (before, Ongoing { book: self.clone(), name: name.to_owned() })
    }

    /// Whether it should stop, and why, if that is new.
    fn see(&self, name: &str, run: &Run) {
        let Some(stop) = run.stopping() else { return };
        let mut pages = self.0.lock();
        let last = pages.stops.iter().rev().find(|(of, ..)| of == name).map(|(_, stop, _)| *stop);
        if last != Some(stop) {
            pages.stops.push((name.to_owned(), stop, Instant::now()));
        }
    }

    pub(super) fn starts(&self, name: &str) -> Vec<Start> {
        self.0.lock().starts.iter().filter(|start| start.name == name).cloned().collect()
    }

    /// How often it was begun.
    pub(super) fn count(&self, name: &str) -> usize {
        self.starts(name).len()
    }

    /// Which attempt it was, each time.
    pub(super) fn attempts(&self, name: &str) -> Vec<u32> {
        self.starts(name).iter().map(|start| start.attempt).collect()
    }

    /// What was begun, in that order.
    pub(super) fn begun(&self) -> Vec<String> {
        self.0.lock().starts.iter().map(|start| start.name.clone()).collect()
    }

    /// From each start to the next one.
    pub(super) fn pauses(&self, name: &str) -> Vec<Duration> {
        self.starts(name).windows(2).map(|two| two[1].at - two[0].at).collect()
    }

    /// Why it should stop, and when it saw that.
    pub(super) fn stops(&self, name: &str) -> Vec<(Stop, Instant)> {
        let pages = self.0.lock();
        pages.stops.iter().filter(|(of, ..)| of == name).map(|(_, stop, at)| (*stop, *at)).collect()
    }

    /// When it ended, or was dropped.
    pub(super) fn ends(&self, name: &str) -> Vec<Instant> {
        self.0.lock().ends.iter().filter(|(of, _)| of == name).map(|(_, at)| *at).collect()
    }

    /// How many run now.
    pub(super) fn running(&self) -> usize {
        self.0.lock().running
    }

    /// How many ever ran at the same time.
    pub(super) fn most(&self) -> usize {
        self.0.lock().most
    }
}
