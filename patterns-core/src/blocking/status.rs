use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::context::TaskPath;

/// What a pool holds and what has become of everything that was ever submitted to it.
///
/// One snapshot under one lock, so that this law holds in it at any time:
///
/// ```text
/// submitted = queued + running
///           + ok + panicked + abandoned_ended        (it had started)
///           + expired + cancelled + discarded        (it never started)
/// ```
///
/// A job that runs is in `running` whether or not its caller has gone; `abandoned` says for how many of them that
/// is so.
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::BlockingPool;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let pool = BlockingPool::builder().threads(2).queue(8).name("parse").build()?;
/// pool.run(|_| 7).await?;
/// assert!(pool.run(|_| -> u8 { panic!("broken") }).await.is_err());
///
/// let status = pool.status();
/// assert_eq!((status.submitted, status.ok, status.panicked), (2, 1, 1));
/// assert_eq!(status.accounted_for(), status.submitted);
/// assert_eq!(status.threads, 1); // one after the other needs no second
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The most threads that it starts.
    pub max_threads: usize,
    /// Threads that were started and have not ended.
    pub threads: usize,
    /// How many jobs may wait for a thread.
    pub places: usize,
    /// Places that nobody has, looked at right after the rest. A job that will not start any more keeps its place
    /// until a thread has come across it.
    pub free_places: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that run, in the order in which they were submitted.
    pub running: Vec<RunningJob>,
    /// How many of those whose caller has gone.
    pub abandoned: usize,
    /// Jobs that were ever taken.
    pub submitted: u64,
    /// Jobs that were turned away, since no place was free, the pool was closed, or there was no thread.
    pub rejected: u64,
    /// Jobs that returned a value while their caller was there.
    pub ok: u64,
    /// Jobs that panicked while their caller was there.
    pub panicked: u64,
    /// Jobs that returned or panicked after their caller had gone.
    pub abandoned_ended: u64,
    /// Jobs that never started, as their deadline had passed.
    pub expired: u64,
    /// Jobs that never started, as they were cancelled, or their caller had gone.
    pub cancelled: u64,
    /// Jobs that never started, as the pool was shut down or dropped.
    pub discarded: u64,
    /// Whether it takes nothing any more.
    pub closed: bool,
}

impl Status {
    /// Everything that was submitted and whose whereabouts are known; always equal to
    /// [`submitted`](Self::submitted).
    #[must_use]
    pub fn accounted_for(&self) -> u64 {
        let here = (self.queued + self.running.len()) as u64;
        let ended = self.ok + self.panicked + self.abandoned_ended;
        here + ended + self.expired + self.cancelled + self.discarded
    }
}

/// A job that runs now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningJob {
    /// The path of the task that submitted it; the root where it has none.
    pub path: TaskPath,
    /// Where in the source it was submitted.
    pub place: &'static Location<'static>,
    /// How long it has run.
    pub age: Duration,
    /// How long ago its caller went away, if it has.
    pub abandoned: Option<Duration>,
}

/// `import/page-7 (src/import.rs:12:8), runs for 3s, abandoned for 1s`.
impl fmt::Display for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_root() {
            f.write_str("a job")?;
        } else {
            write!(f, "{}", self.path)?;
        }
        write!(f, " ({}), runs for {:?}", self.place, self.age)?;
        match self.abandoned {
            Some(since) => write!(f, ", abandoned for {since:?}"),
            None => Ok(()),
        }
    }
}
