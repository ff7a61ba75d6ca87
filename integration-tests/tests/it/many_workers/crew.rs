//! The workers: processes that are killed, and replaced.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use integration_tests::sitewatch::command;
use tempfile::TempDir;
use tokio::process::{Child, Command as AsyncCommand};
use tokio::time::{Instant, timeout};

use super::AT_ONCE;
use crate::service_crashes::BOUND;

/// Where a worker is, and what it is told.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The queue, as it is called there.
    pub(super) queue: String,
    /// What it is called in all its lives; one without a name is nobody whom anybody has seen before.
    pub(super) name: Option<String>,
    /// A program that runs others there, with its arguments; none: here.
    pub(super) through: Vec<String>,
}

/// A worker in each place. They die with this value.
pub(super) struct Crew {
    places: Vec<Place>,
    members: Vec<Child>,
    /// What they say, in a file for each place.
    home: TempDir,
}

impl Crew {
    /// Starts them; they need not have begun yet.
    pub(super) fn start(places: Vec<Place>) -> Self {
        let mut crew = Self { places, members: Vec::new(), home: tempfile::tempdir().unwrap() };
        for slot in 0..crew.places.len() {
            let member = crew.spawn(slot);
            crew.members.push(member);
        }
        crew
    }

    fn spawn(&self, slot: usize) -> Child {
        let place = &self.places[slot];
        let mut command = AsyncCommand::from(at(&place.through));
        command.args(["worker", "--queue", &*place.queue, "--concurrency"]).arg(AT_ONCE.to_string());
        if let Some(name) = &place.name {
            command.args(["--name", &**name]);
        }
        let said = File::options().create(true).append(true).open(self.diary(slot)).unwrap();
        command.current_dir(self.home.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn().unwrap()
    }

    /// Kills one (`SIGKILL`), whatever it is at, and has another take its place. When it was killed.
    pub(super) async fn replace(&mut self, slot: usize) -> Instant {
        self.assert_alive();
        let at = Instant::now();
        self.members[slot].kill().await.unwrap();
        self.members[slot] = self.spawn(slot);
        at
    }

    /// All of them stop, in order, as nobody keeps them from it.
    pub(super) async fn stop(mut self) {
        self.assert_alive();
        for member in &self.members {
            // The shell's own `kill`: there need be no other.
            let kill = format!("kill -TERM {}", member.id().unwrap());
            assert!(AsyncCommand::new("sh").args(["-c", &*kill]).status().await.unwrap().success());
        }
        for slot in 0..self.members.len() {
            let ended = timeout(BOUND, self.members[slot].wait()).await;
            let status = ended.unwrap_or_else(|_late| panic!("worker {slot} does not stop: {}", self.said(slot)));
            assert_eq!(status.unwrap().code(), Some(0), "worker {slot} said: {}", self.said(slot));
        }
    }

    /// Nobody has ended by himself.
    fn assert_alive(&mut self) {
        for slot in 0..self.members.len() {
            let ended = self.members[slot].try_wait().unwrap();
            assert!(ended.is_none(), "worker {slot} has ended ({ended:?}), and said: {}", self.said(slot));
        }
    }

    fn said(&self, slot: usize) -> String {
        fs::read_to_string(self.diary(slot)).unwrap_or_default()
    }

    fn diary(&self, slot: usize) -> PathBuf {
        self.home.path().join(format!("worker-{slot}"))
    }
}

/// A command that runs the program, by way of another.
fn at(through: &[String]) -> Command {
    let plain = command().unwrap();
    let Some((runner, more)) = through.split_first() else { return plain };
    let mut by_way = Command::new(runner);
    by_way.args(more).arg(plain.get_program());
    // What of the environment is not for it.
    for (name, _) in plain.get_envs() {
        by_way.env_remove(name);
    }
    by_way
}
