//! What the programs of the peers have in common: how they are asked, and how they answer.
//!
//! A row of `benches` starts one as `<program> <how> <where> <jobs> <width>`. It puts so many jobs by as many putters
//! as it is wide, works them off by as many workers, and prints how many seconds that took, from before the first put
//! until the last job is acknowledged in the store. Asked to idle it prints `ready` after the last job, and stays. It
//! ends with its standard input, so that it does not outlive whoever started it.

use std::env;
use std::io::{self, Write};
use std::process;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::time::sleep;

/// How many jobs are put at once in bulk.
pub const BATCH: usize = 512;

/// How often the store is asked whether something is left, after all jobs have run.
pub const LOOK: Duration = Duration::from_millis(2);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Load {
    /// How the jobs are put.
    pub how: How,
    /// A file, or a URL.
    pub place: String,
    /// How many jobs.
    pub jobs: u64,
    /// How many putters, and how many workers.
    pub width: usize,
}

/// How jobs are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Each by a call of its own.
    Single,
    /// 512 by one call, one call after the other.
    Bulk,
    /// Each by a call of its own; and then the program stays, and does nothing.
    Idle,
}

/// What a job says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Greeting {
    /// Which one it is.
    pub id: u64,
    /// Some words.
    pub text: String,
}

impl Greeting {
    /// The job of that number.
    pub fn new(id: u64) -> Self {
        Self { id, text: "Good morning! Here is what you asked for.".to_owned() }
    }
}

/// How many jobs have run.
static RAN: AtomicU64 = AtomicU64::new(0);

/// To be called by each job.
pub fn ran(greeting: &Greeting) {
    assert!(!greeting.text.is_empty(), "it was read");
    RAN.fetch_add(1, Ordering::Relaxed);
}

/// Returns when so many jobs have run. They need not be acknowledged yet.
pub async fn until_ran(jobs: u64) {
    while RAN.load(Ordering::Relaxed) < jobs {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Runs the load that was asked for on two threads, as ours, and says what it took: `load` returns when it began.
pub fn run(load: impl AsyncFnOnce(&Load) -> Instant) {
    let asked = Load::asked();
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(3);
    });
    let runtime =
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("the system gives a runtime");
    runtime.block_on(async {
        let began = load(&asked).await;
        println!("{}", began.elapsed().as_secs_f64());
    });
    process::exit(0);
}

/// Where the load is to idle: says that it does, and stays for ever.
pub async fn idle(load: &Load) {
    if load.how == How::Idle {
        println!("ready");
        io::stdout().flush().expect("somebody listens");
        std::future::pending::<()>().await;
    }
}

/// Has `put` called for each job, by as many tasks as the load is wide.
pub async fn put_singly<F>(load: &Load, put: impl Fn(Greeting) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (jobs, width) = (load.jobs, load.width);
    let putters: Vec<_> = (0..width as u64)
        .map(|first| {
            let put = put.clone();
            tokio::spawn(async move {
                for id in (first..jobs).step_by(width) {
                    put(Greeting::new(id)).await;
                }
            })
        })
        .collect();
    for putter in putters {
        putter.await.expect("a putter doesn't panic");
    }
}

/// The jobs in batches, for those that put them so.
pub fn batches(load: &Load) -> impl Iterator<Item = Vec<Greeting>> {
    let jobs = load.jobs;
    (0..jobs).step_by(BATCH).map(move |first| (first..jobs.min(first + BATCH as u64)).map(Greeting::new).collect())
}

impl Load {
    fn asked() -> Self {
        let args: Vec<String> = env::args().skip(1).collect();
        let [how, place, jobs, width] = &*args else {
            panic!("it takes `single`, `bulk` or `idle`, a file or URL, how many jobs, and how many workers");
        };
        let number = "a number";
        let (jobs, width) = (jobs.parse().expect(number), width.parse().expect(number));
        Self { how: how.parse().expect("`single`, `bulk` or `idle`"), place: place.clone(), jobs, width }
    }
}

impl FromStr for How {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "single" => Ok(Self::Single),
            "bulk" => Ok(Self::Bulk),
            "idle" => Ok(Self::Idle),
            other => Err(other.to_owned()),
        }
    }
}
