//! The workers: processes that are started, killed and stopped.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command as AsyncCommand};
use tokio::time::timeout;

use super::story::{Death, Story};
use super::{BOUND, LEASE};
use crate::example::example;
use crate::pool_support::blocking;

/// How a process ends that aborts itself.
const SIGABRT: i32 = 6;

/// Where a worker is, and what it is told.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The engine's name.
    pub(super) engine: &'static str,
    /// Its file or URL, as seen from there.
    pub(super) url: String,
    /// A program that runs others there, with its arguments; none: here.
    pub(super) through: Vec<String>,
    /// Whether it can always reach the engine, when that is there.
    pub(super) is_near: bool,
}

/// One life of one worker. It dies with this value, and with the test's process.
struct Member {
    instance: String,
    /// What its ledger is called.
    life: String,
    child: Child,
    /// Its standard input: when that ends, it does, at once.
    _tether: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    /// It is to end by itself.
    is_doomed: bool,
}

/// All workers. In each slot there are many lives, one after the other.
pub(super) struct Fleet {
    program: PathBuf,
    folder: PathBuf,
    places: Vec<Place>,
    members: Vec<Option<Member>>,
    lives: usize,
    pub(super) story: Story,
}

impl Fleet {
    /// A slot for each place, in which there is nobody yet.
    pub(super) async fn new(places: Vec<Place>, folder: &Path) -> Self {
        let members = places.iter().map(|_| None).collect();
        let program = blocking(|| example("jobs_worker")).await;
        Self { program, folder: folder.to_owned(), places, members, lives: 0, story: Story::default() }
    }

    pub(super) fn size(&self) -> usize {
        self.places.len()
    }

    /// Starts a worker that nobody has seen before.
    pub(super) fn start(&mut self, slot: usize) {
        self.lives += 1;
        let instance = format!("w{slot}-{}", self.lives);
        self.start_as(slot, instance, None);
    }

    /// Starts one, also one that is called like an earlier one, and where it is to end by itself.
    pub(super) fn start_as(&mut self, slot: usize, instance: String, trap: Option<String>) {
        assert!(self.members[slot].is_none(), "there is somebody already");
        let place = &self.places[slot];
        let mut words = place.through.iter().map(String::as_str).chain(self.program.to_str());
        let mut command = AsyncCommand::new(words.next().unwrap());
        command.args(words).args([place.engine, &*place.url]).arg(&self.folder).arg(&instance);
        command.arg(LEASE.as_millis().to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let is_doomed = trap.is_some();
        if let Some(trap) = trap {
            command.env("JOBS_WORKER_TRAP", trap);
        }
        let mut child = command.spawn().unwrap();
        let life = format!("{instance}.{}", child.id().unwrap());
        // Who may be away at any moment, or cut off, is nobody whom others count on.
        if place.is_near && !is_doomed {
            self.story.gets_well(&life);
        }
        // Who waits for its end would close it otherwise.
        let tether = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        self.members[slot] = Some(Member { instance, life, child, _tether: tether, said, is_doomed });
    }

    /// Waits until it takes jobs.
    pub(super) async fn ready(&mut self, slot: usize) {
        let member = self.members[slot].as_mut().unwrap();
        let said = timeout(BOUND, member.said.next_line()).await.expect("it does not get ready").unwrap();
        assert_eq!(said.as_deref(), Some("ready"), "{}", member.instance);
    }

    /// Kills it (`SIGKILL`), whatever it is at. What it was called.
    pub(super) async fn kill(&mut self, slot: usize) -> String {
        self.bury(slot);
        let mut member = self.members[slot].take().unwrap();
        let at = Timestamp::now();
        member.child.kill().await.unwrap();
        self.story.gets_unwell(&member.life);
        let (instance, is_near) = (member.instance.clone(), self.places[slot].is_near);
        self.story.deaths.push(Death { instance, life: member.life, at, is_near });
        member.instance
    }

    pub(super) async fn kill_all(&mut self) {
        for slot in 0..self.size() {
            self.kill(slot).await;
        }
    }

    /// Replaces those that have ended by themselves, as they were to.
    pub(super) fn mend(&mut self) {
        for slot in 0..self.size() {
            self.bury(slot);
        }
    }

    /// If it has ended by itself, another takes its place. When it died, its ledger tells.
    fn bury(&mut self, slot: usize) {
        let Some(member) = self.members[slot].as_mut() else { return };
        if let Some(status) = member.child.try_wait().unwrap() {
            let was_to = member.is_doomed && status.signal() == Some(SIGABRT);
            assert!(was_to, "{} has ended by itself: {status}", member.instance);
            self.members[slot] = None;
            self.start(slot);
        }
    }

    /// Stops it (`SIGSTOP`), so that it does nothing and does not know.
    pub(super) async fn stop(&mut self, slot: usize) {
        let member = self.members[slot].as_ref().unwrap();
        signal("STOP", member).await;
        self.story.gets_unwell(&member.life);
    }

    /// Has one that was stopped go on. It may have been on its way to its own end.
    pub(super) async fn wake(&mut self, slot: usize) {
        let member = self.members[slot].as_ref().unwrap();
        signal("CONT", member).await;
        if self.places[slot].is_near && !member.is_doomed {
            self.story.gets_well(&member.life);
        }
    }

    /// Has it end in order, which takes a while and leaves nothing behind.
    pub(super) async fn end(&mut self, slot: usize) {
        let mut member = self.members[slot].take().unwrap();
        self.story.gets_unwell(&member.life);
        signal("TERM", &member).await;
        let status = timeout(BOUND, member.child.wait()).await.expect("it does not end").unwrap();
        let said = member.said.next_line().await.unwrap().unwrap_or_default();
        assert!(status.success(), "{}: {status}: {said}", member.instance);
    }

    /// The slot of the worker that is called this now.
    pub(super) fn slot_of(&self, instance: &str) -> Option<usize> {
        let is_it = |member: &Option<Member>| member.as_ref().is_some_and(|member| member.instance == instance);
        self.members.iter().position(is_it)
    }

    /// What happened to them.
    pub(super) fn over(self) -> Story {
        self.story
    }
}

/// The shell's own `kill`: there need be no other.
async fn signal(name: &str, member: &Member) {
    // It is ours until somebody has waited for it, so that its number is nobody else's.
    let Some(pid) = member.child.id() else { return };
    let kill = format!("kill -{name} {pid}");
    let status = AsyncCommand::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status().await.unwrap();
    assert!(status.success() || member.is_doomed, "{}: {kill}: {status}", member.instance);
}
