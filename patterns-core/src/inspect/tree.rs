use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::registry::{GROUPS, SEMAPHORES};
use super::stuck::stuck;
use super::waits::Wait;
use crate::context::TaskPath;
use crate::reaper::Reaper;
use crate::semaphore::Claim;

/// A snapshot of a running program. Made by [`tree`]; prints as a tree.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Tree {
    /// Every live group, by path.
    pub groups: Vec<GroupNode>,
    /// Every semaphore that is held or waited for.
    pub semaphores: Vec<SemaphoreNode>,
    /// What nobody but the process-wide reaper waits for, by path.
    pub adopted: Vec<String>,
    /// Tasks that seem stuck, as each waits for permits or for the end of the next, and the last for the first:
    /// their paths, one circle each.
    pub stuck: Vec<Vec<String>>,
}

/// A live group.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GroupNode {
    /// Its path: under that of the task that runs it.
    pub path: String,
    /// Where in the source it was made.
    pub place: String,
    /// Since it began to run.
    pub age: Duration,
    /// How it is.
    pub state: State,
    /// Until when its work must be done: the time left.
    pub remaining: Option<Duration>,
    /// What its body awaits.
    pub awaits: Vec<AwaitedNode>,
    /// Permits that its body holds.
    pub holds: Vec<PermitsNode>,
    /// Children that are alive.
    pub live: usize,
    /// Those of them that had to wait at least once, oldest first.
    pub tasks: Vec<TaskNode>,
    /// What its children have let go of and it still waits for, by path.
    pub adopted: Vec<String>,
}

/// A live child of a group.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TaskNode {
    /// Its name.
    pub name: String,
    /// Its path: the group's, and its name.
    pub path: String,
    /// Where in the source it was spawned.
    pub place: String,
    /// Since it first had to wait.
    pub age: Duration,
    /// How it is.
    pub state: State,
    /// What it awaits, as far as is known.
    pub awaits: Vec<AwaitedNode>,
    /// Permits that it holds.
    pub holds: Vec<PermitsNode>,
}

/// How a group or a task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Nobody has asked it to stop.
    Running,
    /// It was asked to stop, for this cause.
    Cancelled(String),
    /// Its grace is over: it ends at its next await.
    Aborted(String),
}

/// Something that is awaited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AwaitedNode {
    /// What a [`label`](super::label), or a wait of this crate, is called.
    Label(String),
    /// Permits of a semaphore.
    Permits(PermitsNode),
    /// The end of the task with this path.
    Task(String),
}

/// Permits of a semaphore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PermitsNode {
    /// The semaphore's name.
    pub semaphore: String,
    /// How many.
    pub n: usize,
}

/// A semaphore that is in use.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SemaphoreNode {
    /// Its name.
    pub name: String,
    /// The most permits that are held at once.
    pub limit: usize,
    /// Who holds how many, by path; empty for whoever runs outside of any group.
    pub holders: Vec<(String, usize)>,
    /// Who waits for how many.
    pub waiters: Vec<(String, usize)>,
}

/// Looks at everything that is alive in this process. See the [module](super) for what is seen.
///
/// Takes short locks, one after the other, and awaits nothing; the time is that of the live groups and tasks: some
/// hundred nanoseconds for each.
///
/// # Examples
///
/// ```
/// use patterns_core::inspect;
/// use patterns_core::semaphore::Semaphore;
/// use patterns_core::task_group::{BoxError, TaskGroup};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (left, right) = (Semaphore::builder(1).name("left").build().unwrap(), Semaphore::builder(1).name("right").build().unwrap());
/// let eats = async |first: Semaphore, second: Semaphore| {
///     let _one = first.acquire().await?;
///     sleep(Duration::from_millis(1)).await;
///     let _two = second.acquire().await?;
///     Ok::<_, BoxError>(())
/// };
/// let result = TaskGroup::new("table").run(async |group| {
///     group.spawn("ada", eats(left.clone(), right.clone()));
///     group.spawn("bob", eats(right, left));
///     sleep(Duration::from_secs(1)).await;
///
///     let tree = inspect::tree();
///     assert_eq!(tree.stuck, [["table/ada", "table/bob"]]);
///     let text = tree.to_string();
///     let lines: Vec<_> = text.lines().collect();
///     assert_eq!(lines[0], "STUCK: table/ada -> table/bob -> table/ada");
///     assert!(lines[1].starts_with("table, 1s, 2 live (at "), "and where in the source the group was made");
///     assert_eq!(lines[2], "  ada, 1s: awaits 1 of right, holds 1 of left");
///     assert_eq!(lines[3], "  bob, 1s: awaits 1 of left, holds 1 of right");
///     assert_eq!(lines[4], "semaphore left: 1 of 1 held, 1 waiting");
///     assert!(tree.to_json().contains(r#""stuck":[["table/ada","table/bob"]]"#));
///     group.cancel("they would never end");
///     Ok(())
/// });
/// result.await.unwrap();
/// # }
/// ```
#[must_use]
pub fn tree() -> Tree {
    let semaphores: Vec<_> = SEMAPHORES.all().iter().map(|semaphore| Semaphore::look(semaphore)).collect();
    let mut claims = Claims::default();
    for semaphore in &semaphores {
        claims.add(semaphore);
    }
    let looks: Vec<_> = GROUPS.all().iter().map(|group| group.look()).collect();
    let mut groups: Vec<_> = looks.iter().map(|look| look.node(&claims)).collect();
    groups.sort_by(|a, b| a.path.cmp(&b.path));
    let mut nodes: Vec<_> = semaphores.iter().filter(|semaphore| semaphore.is_used()).map(Semaphore::node).collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Tree {
        groups,
        semaphores: nodes,
        adopted: paths_of(&Reaper::global()),
        stuck: stuck(&semaphores, looks.iter().flat_map(GroupLook::waits)),
    }
}

impl Tree {
    /// The same as JSON, in one line. Durations are objects of `secs` and `nanos`.
    ///
    /// # Panics
    ///
    /// Never: all of it can be written as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers, texts and lists")
    }

    /// The live group with this path.
    #[must_use]
    pub fn group(&self, path: &str) -> Option<&GroupNode> {
        self.groups.iter().find(|group| group.path == path)
    }
}

impl TaskNode {
    /// What it awaits, as text; empty where that is not known.
    #[must_use]
    pub fn waits_for(&self) -> String {
        self.awaits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    }
}

pub(super) fn paths_of(reaper: &Reaper) -> Vec<String> {
    reaper.live().iter().map(|straggler| straggler.path.to_string()).collect()
}

/// A semaphore, looked at.
pub(super) struct Semaphore {
    pub(super) name: String,
    limit: usize,
    pub(super) free: usize,
    pub(super) holders: Vec<Claim>,
    pub(super) waiters: Vec<Claim>,
}

impl Semaphore {
    fn look(semaphore: &crate::semaphore::Shared) -> Self {
        let (limit, free, holders, waiters) = semaphore.look();
        Self { name: semaphore.name().to_owned(), limit, free, holders, waiters }
    }

    fn is_used(&self) -> bool {
        !self.holders.is_empty() || !self.waiters.is_empty()
    }

    fn node(&self) -> SemaphoreNode {
        let by_path = |claims: &[Claim]| claims.iter().map(|claim| (path_of(claim).to_string(), claim.n)).collect();
        SemaphoreNode {
            name: self.name.clone(),
            limit: self.limit,
            holders: by_path(&self.holders),
            waiters: by_path(&self.waiters),
        }
    }
}

pub(super) fn path_of(claim: &Claim) -> TaskPath {
    claim.who.as_ref().map_or_else(TaskPath::root, |who| who.path().clone())
}

/// What each task holds and wants, by the identity of its path.
#[derive(Default)]
struct Claims {
    holds: HashMap<usize, Vec<PermitsNode>>,
    wants: HashMap<usize, Vec<PermitsNode>>,
}

impl Claims {
    fn add(&mut self, semaphore: &Semaphore) {
        let add = |claims: &[Claim], to: &mut HashMap<usize, Vec<PermitsNode>>| {
            for claim in claims {
                let node = PermitsNode { semaphore: semaphore.name.clone(), n: claim.n };
                to.entry(path_of(claim).identity()).or_default().push(node);
            }
        };
        add(&semaphore.holders, &mut self.holds);
        add(&semaphore.waiters, &mut self.wants);
    }

    fn awaits(&self, path: &TaskPath) -> Vec<AwaitedNode> {
        let permits = self.wants.get(&path.identity()).into_iter().flatten().cloned().map(AwaitedNode::Permits);
        let others = path.waits().map(super::Waits::all).unwrap_or_default().into_iter().map(|wait| match wait {
            Wait::Label(label) => AwaitedNode::Label(label.into_owned()),
            Wait::Task(task) => AwaitedNode::Task(task.path().to_string()),
        });
        permits.chain(others).collect()
    }

    fn holds(&self, path: &TaskPath) -> Vec<PermitsNode> {
        self.holds.get(&path.identity()).cloned().unwrap_or_default()
    }
}

/// A group, looked at: plain data and the paths that tell who is who.
pub(crate) struct GroupLook {
    pub(crate) path: TaskPath,
    pub(crate) place: String,
    pub(crate) age: Duration,
    pub(crate) state: State,
    pub(crate) remaining: Option<Duration>,
    pub(crate) live: usize,
    pub(crate) tasks: Vec<TaskLook>,
    pub(crate) adopted: Reaper,
}

/// A task, looked at.
pub(crate) struct TaskLook {
    pub(crate) path: TaskPath,
    pub(crate) place: String,
    pub(crate) age: Duration,
    pub(crate) state: State,
}

impl GroupLook {
    fn node(&self, claims: &Claims) -> GroupNode {
        let task = |task: &TaskLook| TaskNode {
            name: task.path.name().to_owned(),
            path: task.path.to_string(),
            place: task.place.clone(),
            age: task.age,
            state: task.state.clone(),
            awaits: claims.awaits(&task.path),
            holds: claims.holds(&task.path),
        };
        GroupNode {
            path: self.path.to_string(),
            place: self.place.clone(),
            age: self.age,
            state: self.state.clone(),
            remaining: self.remaining,
            awaits: claims.awaits(&self.path),
            holds: claims.holds(&self.path),
            live: self.live,
            tasks: self.tasks.iter().map(task).collect(),
            adopted: paths_of(&self.adopted),
        }
    }

    /// Each path of it, with the paths of the tasks whose end is awaited there.
    fn waits(&self) -> impl Iterator<Item = (TaskPath, Vec<TaskPath>)> {
        let paths = self.tasks.iter().map(|task| &task.path).chain([&self.path]);
        paths.map(|path| {
            let waits = path.waits().map(super::Waits::all).unwrap_or_default();
            let tasks = waits.iter().filter_map(|wait| match wait {
                Wait::Task(task) => Some(task.path().clone()),
                Wait::Label(_) => None,
            });
            (path.clone(), tasks.collect())
        })
    }
}
