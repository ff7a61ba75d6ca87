use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{JoinHandle, ThreadId};

use parking_lot::Mutex;
use send_wrapper::SendWrapper;
use tokio::runtime::{Builder, Handle as RuntimeHandle};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::{GRACE, StartError};

/// Starts one actor, on the thread that it will live on.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Whatever is to happen when the place where actors live is no more.
pub(super) type OnGone = Box<dyn FnOnce() + Send>;

/// How the rest of the program talks to the place where actors live.
pub(crate) struct Link {
    state: Mutex<State>,
    wake: Notify,
    ended: Notify,
}

struct State {
    /// Actors to start. Bounded by the number of actors that the program spawns.
    jobs: VecDeque<Job>,
    /// Nobody can spawn any more: end with the last actor.
    orphaned: bool,
    /// There is no actor, and none is to be started.
    empty: bool,
    stop: bool,
    ended: bool,
    on_gone: Option<OnGone>,
}

impl Link {
    pub(super) fn new() -> Arc<Self> {
        let state =
            State { jobs: VecDeque::new(), orphaned: false, empty: true, stop: false, ended: false, on_gone: None };
        Arc::new(Self { state: Mutex::new(state), wake: Notify::new(), ended: Notify::new() })
    }

    /// Has `job` run where actors live. If that place is no more, the job is dropped.
    pub(super) fn submit(&self, job: Job) {
        let mut state = self.state.lock();
        if state.ended {
            drop(state);
            drop(job);
            return;
        }
        state.empty = false;
        state.jobs.push_back(job);
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn on_gone(&self, f: OnGone) {
        self.state.lock().on_gone = Some(f);
    }

    pub(super) fn stop(&self) {
        self.state.lock().stop = true;
        self.wake.notify_one();
    }

    pub(super) fn orphan(&self) {
        self.state.lock().orphaned = true;
        self.wake.notify_one();
    }

    /// The last actor has gone.
    pub(super) fn emptied(&self) {
        let mut state = self.state.lock();
        state.empty = state.jobs.is_empty();
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until the place where actors live is no more.
    pub(super) async fn ended(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.state.lock().ended {
                return;
            }
            ended.await;
        }
    }

    /// Starts actors until there is nothing more to do.
    async fn run(&self) {
        loop {
            let (job, done) = {
                let mut state = self.state.lock();
                let done = state.stop || (state.orphaned && state.empty);
                let job = state.jobs.pop_front();
                if job.is_none() {
                    // What a crowd that was spawned at once had needed.
                    state.jobs.shrink_to(64);
                }
                (job, done)
            };
            match job {
                Some(job) => job(),
                None if done => return,
                // A permit that `notify_one` left while nobody waited is not lost.
                None => self.wake.notified().await,
            }
        }
    }
}

/// Says that the place where actors live is no more, however that came about.
struct Gone(Arc<Link>);

impl Drop for Gone {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.ended = true;
        let jobs = std::mem::take(&mut state.jobs);
        let on_gone = state.on_gone.take();
        drop(state);
        // Their actors were never begun; dropping them says so to whoever waits.
        drop(jobs);
        if let Some(on_gone) = on_gone {
            on_gone();
        }
        self.0.ended.notify_waiters();
    }
}

/// The place where actors live: one thread, its own or the caller's.
pub(super) struct Engine {
    pub(super) runtime: RuntimeHandle,
    thread: Mutex<Option<JoinHandle<()>>>,
    thread_id: Option<ThreadId>,
}

impl Engine {
    /// Actors live on the caller's runtime, which must be of the current-thread flavour.
    pub(super) fn here(runtime: RuntimeHandle, link: &Arc<Link>) -> Self {
        // Not tracked by a reaper: the link knows when it has ended, and shutting down waits for that.
        runtime.spawn(Pinned(Stage::Waiting(Gone(link.clone()), link.clone())));
        Self { runtime, thread: Mutex::new(None), thread_id: None }
    }

    /// Actors live on a thread of their own, with an actix `System` on it.
    pub(super) fn own(name: &str, link: &Arc<Link>) -> Result<Self, StartError> {
        let (sender, receiver) = crossbeam_channel::bounded::<tokio::runtime::Runtime>(1);
        let gone = Gone(link.clone());
        let link = link.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let gone = gone;
                // If the runtime could not be built there is nothing to run.
                let Ok(runtime) = receiver.recv() else { return };
                let runtime = Arc::new(runtime);
                let runner = actix_rt::System::with_tokio_rt(|| runtime.clone());
                runner.block_on(async move { link.run().await });
                // The order matters: first all actors are dropped, then the place is said to be gone,
                // and only then its timers end, which callers without a runtime may be using.
                drop(runner);
                drop(gone);
                if let Some(runtime) = Arc::into_inner(runtime) {
                    runtime.shutdown_timeout(GRACE);
                }
            })
            .map_err(StartError::Thread)?;
        // Built here, so that a failure is the caller's to see; sent over, so that it is dropped there.
        let runtime = build().map_err(StartError::Runtime)?;
        let handle = runtime.handle().clone();
        let thread_id = thread.thread().id();
        // Fails only if the thread has ended, and it waits for this.
        let _ = sender.send(runtime);
        Ok(Self { runtime: handle, thread: Mutex::new(Some(thread)), thread_id: Some(thread_id) })
    }

    /// Waits for the thread itself, which has said that it is about to end.
    pub(super) fn join(&self) {
        if self.thread_id == Some(std::thread::current().id()) {
            return;
        }
        if let Some(thread) = self.thread.lock().take() {
            // A panic there is a defect of ours, and has been printed by the panic hook.
            let _ = thread.join();
        }
    }
}

fn build() -> io::Result<tokio::runtime::Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Keeps what must stay on one thread in a task that tokio believes to be free to move.
///
/// On a current-thread runtime it is not moved, unless the program drives that runtime from one
/// thread first and from another one later. Then the actors are given up rather than touched.
struct Pinned(Stage);

enum Stage {
    Waiting(Gone, Arc<Link>),
    Running(SendWrapper<Pin<Box<dyn Future<Output = ()>>>>, Arc<Link>),
    Over,
}

impl Future for Pinned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Stage::Waiting(..) = &self.0
            && let Stage::Waiting(gone, link) = std::mem::replace(&mut self.0, Stage::Over)
        {
            // Here, and not where the system was started: this is the thread that polls.
            let running = link.clone();
            let future = Box::pin(async move {
                let _gone = gone;
                let local = LocalSet::new();
                local.run_until(running.run()).await;
            });
            self.0 = Stage::Running(SendWrapper::new(future), link);
        }
        let Stage::Running(future, _) = &mut self.0 else { return Poll::Ready(()) };
        if !future.valid() {
            self.give_up();
            return Poll::Ready(());
        }
        std::task::ready!(future.as_mut().poll(cx));
        self.0 = Stage::Over;
        Poll::Ready(())
    }
}

impl Pinned {
    /// Leaves the actors where they are, never to be touched again, and says so.
    fn give_up(&mut self) {
        if let Stage::Running(future, link) = std::mem::replace(&mut self.0, Stage::Over) {
            std::mem::forget(future);
            drop(Gone(link));
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if matches!(&self.0, Stage::Running(future, _) if !future.valid()) {
            self.give_up();
        }
    }
}
