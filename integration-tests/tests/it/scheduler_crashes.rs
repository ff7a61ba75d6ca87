//! Durable schedules in a process that is killed again and again: the example `durable` of `actors`.
//!
//! What is checked in the end, from the ledger that the jobs have written, and from the store:
//!
//! 1. No instant is in the ledger twice.
//! 2. The store has a firing for each instant, without a gap, from the first one after the schedule was first
//!    registered to the latest, which is after the last kill. So nothing was missed in silence.
//! 3. Each of these firings has an outcome, so a crash in the middle shows. Of those that are done the instant is in
//!    the ledger. Of those that did not begin it is not. Of those that a crash cut off it may be, as the crash may have
//!    come before the line, or between that and the note of its end.
//! 4. No instant is in the ledger of which the store knows nothing.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::scheduler::store::{
    Definition, FiringOutcome, Kind, PostgresStore, Registered, Registration, ScheduleStore, SqliteStore,
};
use actors::{ConnectionPool, System};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as AsyncCommand};
use tokio::time::{sleep, timeout};

use crate::dice::Dice;
use crate::example::example;
use crate::pool_support::{blocking, bounded, millis, postgres};

const KILLS: usize = 30;
/// A life ends within so many microseconds of its beginning, often before anything is registered.
const LONGEST_LIFE: u64 = 600_000;
const PERIOD: SignedDuration = SignedDuration::from_millis(20);
const BOUND: Duration = Duration::from_secs(30);

fn start(ledger: &Path, place: &str, stdout: Stdio) -> Child {
    let mut command = AsyncCommand::new(example("durable"));
    command.arg(ledger).arg(place).stdin(Stdio::null()).stdout(stdout).kill_on_drop(true);
    command.spawn().unwrap()
}

/// What the store knows of the schedule, all of it.
async fn look(store: &impl ScheduleStore) -> Registered {
    let kind = Kind::Every { period: PERIOD.unsigned_abs(), immediately: false };
    let (definition, now) = (Definition::new("beat", kind), Timestamp::now());
    store.register(&Registration { definition, anchor: now, now, keep: 100_000 }).await.unwrap()
}

/// The instants of the schedule, from the first.
fn grid(known: &Registered) -> impl Iterator<Item = Timestamp> + use<> {
    let anchor = known.anchor;
    (1..).map(move |n: i32| anchor + PERIOD * n)
}

/// Waits until each instant up to this one has an outcome; what is left for a crash that came then is found when its
/// lease is over.
async fn decided(store: &impl ScheduleStore, until: Timestamp) {
    let undecided = async || {
        let known = look(store).await;
        let decided = known.recent.iter().filter(|firing| firing.outcome.is_some());
        let decided: BTreeSet<Timestamp> = decided.map(|firing| firing.instant).collect();
        grid(&known).take_while(|instant| *instant <= until).find(|instant| !decided.contains(instant))
    };
    let waiting = async {
        while undecided().await.is_some() {
            sleep(millis(50)).await;
        }
    };
    let _ = timeout(BOUND, waiting).await;
    assert_eq!(undecided().await, None, "nobody says what became of it");
}

/// One life without a crash: it ends in order, once all is decided that came before it. When that was.
async fn live_in_peace(ledger: &Path, place: &str, store: &impl ScheduleStore) -> Timestamp {
    let mut child = start(ledger, place, Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = timeout(BOUND, lines.next_line()).await.expect("it says nothing").unwrap();
    assert_eq!(ready.as_deref(), Some("ready"));
    let until = Timestamp::now();
    decided(store, until).await;
    // The shell's own `kill`: there need be no other.
    let kill = format!("kill -INT {}", child.id().unwrap());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let receipt = timeout(BOUND, lines.next_line()).await.expect("it does not stop").unwrap().unwrap_or_default();
    assert!(receipt.starts_with("drained in "), "{receipt}");
    let status = timeout(BOUND, child.wait()).await.expect("it does not end").unwrap();
    assert!(status.success(), "{status}: {receipt}");
    until
}

fn check(ledger: &Path, known: &Registered, until: Timestamp) {
    let text = fs::read_to_string(ledger).unwrap();
    let lines: Vec<Timestamp> = text.lines().map(|line| line.parse().unwrap()).collect();
    let ran: BTreeSet<Timestamp> = lines.iter().copied().collect();
    assert_eq!(ran.len(), lines.len(), "an instant ran twice");
    let mut cut_off = 0;
    for (firing, instant) in known.recent.iter().zip(grid(known)) {
        assert_eq!(firing.instant, instant, "an instant is in no book");
        let has_run = ran.contains(&instant);
        match &firing.outcome {
            Some(FiringOutcome::Done) => assert!(has_run, "{firing:?}"),
            Some(FiringOutcome::Interrupted) => cut_off += 1,
            Some(FiringOutcome::Skipped(_) | FiringOutcome::Released) => assert!(!has_run, "{firing:?}"),
            _ => panic!("{firing:?}"),
        }
    }
    let latest = known.recent.last().unwrap().instant;
    assert!(latest >= until - PERIOD, "{latest} is before {until}");
    let instants: BTreeSet<Timestamp> = known.recent.iter().map(|firing| firing.instant).collect();
    assert!(ran.is_subset(&instants), "something ran of which the store knows nothing");
    assert_eq!(known.unfinished, 0);
    // Else this has shown nothing.
    assert!(cut_off > 0 && ran.len() > KILLS, "{cut_off} of {} were cut off", instants.len());
}

async fn kill_again_and_again(place: &str, store: &impl ScheduleStore, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let mut dice = Dice::new(seed);
    for round in 0..KILLS {
        let mut child = start(&ledger, place, Stdio::piped());
        if round % 3 == 0 {
            // Some are sure to get to work, however slow the machine is.
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
            sleep(Duration::from_micros(dice.below(LONGEST_LIFE / 10))).await;
        } else {
            sleep(Duration::from_micros(dice.below(LONGEST_LIFE))).await;
        }
        assert!(child.try_wait().unwrap().is_none(), "it has ended by itself");
        child.kill().await.unwrap();
    }
    let until = live_in_peace(&ledger, place, store).await;
    check(&ledger, &look(store).await, until);
}

#[tokio::test]
async fn killed_thirty_times_nothing_is_doubled_or_missed_in_silence_on_sqlite() {
    bounded(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("schedules.db");
        let store = SqliteStore::open(&file).await.unwrap();
        kill_again_and_again(file.to_str().unwrap(), &store, 1).await;
    })
    .await;
}

#[tokio::test]
async fn killed_thirty_times_nothing_is_doubled_or_missed_in_silence_on_postgres() {
    let Some(server) = postgres("a durable schedule that is killed").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let url = server.url("application_name=durable");
        let manager = PostgresManager::new(&url).unwrap();
        let pool = ConnectionPool::builder(manager).max_size(1).start(&system).await.unwrap();
        let store = PostgresStore::new(pool).await.unwrap();
        kill_again_and_again(&url, &store, 2).await;
    })
    .await;
    blocking(move || drop(server)).await;
}
