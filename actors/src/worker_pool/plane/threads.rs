//! The threads that run CPU jobs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use parking_lot::{Mutex, MutexGuard};
use patterns_core::outcome::catch_panic;
use tokio::time::Instant;

use super::Plane;
use super::cell::Cell;
use super::desk::Desk;
use super::gate::Worker;
use super::job::Job;
use super::lounge::Lounge;
use super::spare::Spare;
use crate::worker_pool::config::MAX_THREADS;
use crate::worker_pool::{JobClass, JobError, RunningJob};

/// A job for a thread.
pub(crate) trait CpuJob: Job {
    /// Runs it on this thread, unless it is over.
    fn run(&self, spare: &mut Spare);
}

impl<F, T> CpuJob for Cell<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(&self, spare: &mut Spare) {
        let Some((work, context)) = self.begin(spare) else { return };
        if !self.head().is_bare() {
            self.head().plane.keeper_looks_after(self.head());
        }
        let result = catch_panic(|| self.head().span().in_scope(|| context.sync_scope(work)));
        self.finish(result.map_err(JobError::Panicked));
        if self.head().is_bare() {
            spare.put(context);
        }
    }
}

/// The threads of a pool, as many as it is wide, and those that are written off.
///
/// # Quarantine
///
/// A thread whose job was asked to stop and has not after the pool's grace is *written off*: another takes its place,
/// and what runs on it is no longer counted on. When the job ends after all, the thread
/// takes a place again if there is one, and else it ends. With those that are written off there are at most
/// [`MAX_THREADS`]: beyond, nobody takes their places until they come back.
#[derive(Default)]
pub(super) struct Threads {
    pub(super) lounge: Arc<Lounge>,
    roster: Mutex<Roster>,
    /// Threads that are too many, for them to look at without the lock.
    surplus: AtomicUsize,
    /// There is nothing left for any of them.
    stopped: AtomicBool,
    joined: AtomicUsize,
}

#[derive(Default)]
struct Roster {
    width: usize,
    /// Threads that are not written off.
    working: usize,
    last_number: usize,
    all: Vec<Arc<Member>>,
}

/// One thread.
pub(super) struct Member {
    name: String,
    pub(super) desk: Desk<dyn CpuJob>,
    written_off: AtomicBool,
    /// Disconnected once nothing but its end is left of the thread.
    end: Receiver<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is seen of the running jobs.
#[derive(Default)]
pub(super) struct Sight {
    pub(super) running: Vec<RunningJob>,
    /// Thread, job, and when it was asked to stop.
    pub(super) stuck: Vec<(String, RunningJob, Option<Instant>)>,
}

impl Threads {
    /// Brings the pool to this width; on an error it is as wide as it got.
    pub(super) fn resize(&self, plane: &Arc<Plane>, width: usize) -> io::Result<()> {
        let mut roster = self.roster.lock();
        roster.width = width;
        let hired = self.hire(plane, &mut roster);
        if hired.is_err() {
            roster.width = roster.working.max(1);
        }
        self.after_change(roster);
        hired
    }

    /// Starts threads until there are as many as there should be.
    fn hire(&self, plane: &Arc<Plane>, roster: &mut Roster) -> io::Result<()> {
        // Once everything that waits was cancelled there is nothing to start one for.
        while roster.working < roster.width
            && roster.all.len() < MAX_THREADS
            && !self.stopped.load(Ordering::SeqCst)
            && plane.stopping().is_none()
        {
            let (alive, end) = crossbeam_channel::bounded::<()>(0);
            let member = Arc::new(Member {
                name: format!("{}-cpu-{}", plane.config.name, roster.last_number),
                desk: Desk::new(),
                written_off: AtomicBool::new(false),
                end,
                thread: Mutex::new(None),
            });
            let life = {
                let (plane, member) = (Arc::clone(plane), Arc::clone(&member));
                move || {
                    work(&plane, &member);
                    drop((plane, member));
                    drop(alive);
                }
            };
            // Counted before it looks for work.
            self.lounge.join();
            plane.cpu.change_free(1);
            match thread::Builder::new().name(member.name.clone()).spawn(life) {
                Ok(thread) => *member.thread.lock() = Some(thread),
                Err(error) => {
                    self.lounge.quit();
                    plane.cpu.change_free(-1);
                    return Err(error);
                }
            }
            roster.last_number += 1;
            roster.working += 1;
            roster.all.push(member);
        }
        Ok(())
    }

    fn after_change(&self, roster: MutexGuard<'_, Roster>) {
        let surplus = roster.working.saturating_sub(roster.width);
        self.surplus.store(surplus, Ordering::SeqCst);
        drop(roster);
        if surplus > 0 {
            self.lounge.call_all();
        }
    }

    /// Whether a thread that has nothing to do should look whether it is still wanted.
    fn may_leave(&self) -> bool {
        self.surplus.load(Ordering::SeqCst) > 0 || self.stopped.load(Ordering::SeqCst)
    }

    /// Whether this thread is to end, between two jobs.
    fn leaves(&self) -> bool {
        if !self.may_leave() {
            return false;
        }
        let mut roster = self.roster.lock();
        if !self.stopped.load(Ordering::SeqCst) && roster.working <= roster.width {
            return false;
        }
        roster.working -= 1;
        self.lounge.quit();
        self.after_change(roster);
        true
    }

    /// Writes a thread off that runs this job, and has another take its place.
    pub(super) fn quarantine(&self, plane: &Arc<Plane>, member: &Member, job: &Arc<dyn CpuJob>) -> bool {
        let mut roster = self.roster.lock();
        let written_off = member.desk.if_runs(job, || member.written_off.store(true, Ordering::SeqCst));
        let mut hired = Ok(());
        if written_off {
            roster.working -= 1;
            self.lounge.quit();
            hired = self.hire(plane, &mut roster);
        }
        self.after_change(roster);
        if written_off {
            plane.meters.quarantined();
            let (pool, thread, place) = (&*plane.config.name, &*member.name, job.head().place);
            tracing::warn!(pool, thread, %place, "a job does not stop: its thread is written off");
        }
        if let Err(error) = hired {
            tracing::error!(pool = &*plane.config.name, %error, "there is no thread to take its place yet");
        }
        written_off
    }

    /// Makes up for threads that could not be had. Whether there are as many as there should be.
    pub(super) fn is_complete(&self, plane: &Arc<Plane>) -> bool {
        let mut roster = self.roster.lock();
        let hired = self.hire(plane, &mut roster).is_ok();
        self.after_change(roster);
        hired
    }

    /// A thread that was written off has come back. Whether it is wanted.
    fn come_back(&self, member: &Member) -> bool {
        let mut roster = self.roster.lock();
        member.written_off.store(false, Ordering::SeqCst);
        let wanted = roster.working < roster.width && !self.stopped.load(Ordering::SeqCst);
        if wanted {
            roster.working += 1;
            self.lounge.join();
        }
        self.after_change(roster);
        wanted
    }

    /// Makes every thread end that runs no job, and the others after theirs.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.lounge.call_all();
    }

    /// Joins the threads that have ended or are about to, after [`stop`](Self::stop); returns how many were joined
    /// ever. Blocks for as long as they need, until one needs longer than `limit`: a destructor of a job's may block.
    pub(super) fn join_idle(&self, limit: Duration) -> usize {
        let busy = |member: &Member| member.desk.job().is_some_and(|job| job.look().is_some());
        let mut patience = limit;
        self.join_those(|member| {
            if busy(member) {
                return false;
            }
            let has_ended = member.end.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected);
            if !has_ended {
                patience = Duration::ZERO;
            }
            has_ended
        })
    }

    /// Joins the threads that have ended.
    pub(super) fn join_ended(&self) {
        self.join_those(|member| member.end.try_recv() == Err(TryRecvError::Disconnected));
    }

    fn join_those(&self, mut has_ended: impl FnMut(&Member) -> bool) -> usize {
        for member in self.members() {
            if !has_ended(&member) {
                continue;
            }
            // Locked meanwhile, so that whoever finds it taken finds it counted.
            let mut handle = member.thread.lock();
            if let Some(thread) = handle.take()
                && thread.join().is_ok()
            {
                self.joined.fetch_add(1, Ordering::SeqCst);
            }
            drop(handle);
            self.roster.lock().all.retain(|other| !Arc::ptr_eq(other, &member));
        }
        self.joined.load(Ordering::SeqCst)
    }

    /// Whether all threads have been joined.
    pub(super) fn is_over(&self) -> bool {
        self.roster.lock().all.is_empty()
    }

    pub(super) fn members(&self) -> Vec<Arc<Member>> {
        self.roster.lock().all.clone()
    }

    pub(super) fn look(&self, now: Instant) -> Sight {
        let mut sight = Sight::default();
        for member in self.members() {
            let Some(running) = member.desk.running(now) else { continue };
            if member.written_off.load(Ordering::SeqCst) {
                let asked = member.desk.job().and_then(|job| job.look()?.asked);
                sight.stuck.push((member.name.clone(), running, asked));
            } else {
                sight.running.push(running);
            }
        }
        sight
    }

    pub(super) fn width(&self) -> usize {
        self.roster.lock().width
    }
}

impl Member {
    /// The job that it runs, unless it is written off.
    pub(super) fn job(&self) -> Option<Arc<dyn CpuJob>> {
        if self.written_off.load(Ordering::SeqCst) { None } else { self.desk.job() }
    }
}

/// A thread's life.
fn work(plane: &Arc<Plane>, member: &Arc<Member>) {
    // For the clock, and so that jobs may spawn.
    let _entered = plane.runtime.enter();
    let threads = &plane.threads;
    let (mut worker, mut spare, mut stream) = (Worker::new(), Spare::default(), Stream::default());
    loop {
        if threads.leaves() {
            break;
        }
        let Some(job) = plane.cpu.next(&mut worker, plane) else {
            plane.cpu.mark_free(&mut worker);
            let has_work = || plane.cpu.has_work() || threads.may_leave();
            if !stream.comes(has_work) {
                threads.lounge.rest(has_work);
            }
            continue;
        };
        stream.came();
        // There may be more than one thread can do.
        threads.lounge.call_if(|| plane.cpu.has_work());
        member.desk.put(&job);
        job.run(&mut spare);
        let shown = member.desk.clear();
        let written_off = member.written_off.load(Ordering::SeqCst);
        plane.job_over(job.head(), !written_off);
        drop((shown, job));
        if written_off && !threads.come_back(member) {
            break;
        }
    }
    plane.cpu.mark_busy(&mut worker);
    plane.worker_gone(JobClass::Cpu);
    // Its last job may have made room for another of its key.
    plane.call(JobClass::Cpu);
}

/// Whether jobs come one upon the other.
///
/// A thread that finds none looks on for a moment: to wake it would take longer. But where small jobs
/// come in a stream, a thread that takes each as it comes keeps getting in its submitter's way, and does
/// better to let some gather.
#[derive(Default)]
struct Stream {
    length: u32,
}

impl Stream {
    /// From so many jobs on it is a stream.
    const LONG: u32 = 32;
    /// Looks of some 30 ns each, and then some that leave the processor to others.
    const LOOKS: u32 = 64;
    const YIELDS: u32 = 32;
    /// What comes within so many looks belongs to the stream.
    const SOON: u32 = 16;

    fn came(&mut self) {
        self.length = self.length.saturating_add(1);
    }

    /// Waits a moment for the next job; whether there is one.
    fn comes(&mut self, has_work: impl Fn() -> bool) -> bool {
        let is_long = self.length >= Self::LONG;
        if !is_long {
            for look in 0..Self::LOOKS + Self::YIELDS {
                if has_work() {
                    if look > Self::SOON {
                        self.length = 0;
                    }
                    return true;
                }
                if look < Self::LOOKS { std::hint::spin_loop() } else { thread::yield_now() }
            }
        }
        self.length = 0;
        false
    }
}
