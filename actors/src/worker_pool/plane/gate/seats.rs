use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::Waker;

use crate::worker_pool::Rejection;
use crate::worker_pool::plane::job::{Head, Job};

/// Where at the gate a job stands. Only read and written under the gate's lock.
pub(crate) struct Standing {
    place: AtomicU8,
    /// Jobs get rising numbers, from 1 on, as they get places.
    ticket: AtomicU64,
    /// When it came to the gate, in the gate's nanoseconds.
    since: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Place {
    /// In no queue.
    Nowhere,
    /// In its queue, without a place.
    Parked,
    /// In its queue, with a place of those that could be started.
    Ready,
    /// In its queue, with a place of those that their key holds back.
    Held,
    /// In its queue, but over, or about to be.
    Gone,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self { place: AtomicU8::new(Place::Nowhere as u8), ticket: AtomicU64::new(0), since: AtomicU64::new(0) }
    }

    pub(super) fn place(&self) -> Place {
        match self.place.load(Ordering::Relaxed) {
            1 => Place::Parked,
            2 => Place::Ready,
            3 => Place::Held,
            4 => Place::Gone,
            _ => Place::Nowhere,
        }
    }

    fn set(&self, place: Place) {
        self.place.store(place as u8, Ordering::Relaxed);
    }

    pub(super) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }

    pub(super) fn set_since(&self, since: u64) {
        self.since.store(since, Ordering::Relaxed);
    }
}

/// Who has a place, who waits for one, and what is to be done about them once the lock is released.
///
/// # Invariants
///
/// 1. `ready.taken` and `held.taken` are the numbers of jobs that stand there as `Ready` and as `Held`.
/// 2. A job that ends in its place gives it up at once; what is left of it is `Gone`, and is cleared away when its
///    queue comes to it, or with others once every second one is gone: what callers gave up does not pile up, at a
///    constant cost for each.
pub(super) struct Seats<J: Job + ?Sized> {
    /// The bound on `taken` of either kind.
    queue: usize,
    policy: Rejection,
    ready: Places<J>,
    held: Places<J>,
    last_ticket: u64,
    /// Jobs in the queues, with those that are gone.
    standing: usize,
    gone: usize,
    pub(super) after: After<J>,
}

/// The places of one kind.
struct Places<J: ?Sized> {
    taken: usize,
    /// Those that wait for a place, in the order in which they came. Some have moved on since.
    parked: VecDeque<Arc<J>>,
    /// How many of them had not when it was last looked through.
    kept: usize,
    /// Those with a place, the first to be dropped first; only where somebody may be dropped.
    victims: Option<BTreeMap<(u8, u64), Arc<J>>>,
}

/// What is done after the lock: it may run foreign code.
pub(super) struct After<J: ?Sized> {
    pub(super) wakes: Vec<Waker>,
    pub(super) graves: Vec<Arc<J>>,
    /// They have lost their places.
    pub(super) dropped: Vec<Arc<J>>,
    /// A key has begun to wait for its rate.
    pub(super) rests: bool,
}

impl<J: ?Sized> Default for After<J> {
    fn default() -> Self {
        Self { wakes: Vec::new(), graves: Vec::new(), dropped: Vec::new(), rests: false }
    }
}

impl<J: Job + ?Sized> Seats<J> {
    pub(super) fn new(queue: usize, policy: Rejection) -> Self {
        let drops = matches!(policy, Rejection::DropOldest | Rejection::DropLowest);
        let places = || Places { taken: 0, parked: VecDeque::new(), kept: 0, victims: drops.then(BTreeMap::new) };
        Self {
            queue,
            policy,
            ready: places(),
            held: places(),
            last_ticket: 0,
            standing: 0,
            gone: 0,
            after: After::default(),
        }
    }

    fn of(&mut self, kind: Place) -> Option<&mut Places<J>> {
        match kind {
            Place::Ready => Some(&mut self.ready),
            Place::Held => Some(&mut self.held),
            Place::Nowhere | Place::Parked | Place::Gone => None,
        }
    }

    /// Whether there is a place of this kind: a worker that is free to start a job is as good as one more.
    pub(super) fn has_room(&self, kind: Place, free: usize) -> bool {
        match kind {
            Place::Ready => self.ready.taken < self.queue.saturating_add(free),
            Place::Held => self.held.taken < self.queue,
            Place::Nowhere | Place::Parked | Place::Gone => false,
        }
    }

    /// Gives a job a place of this kind, whether there is one or not. Whether it still is to be run.
    pub(super) fn sit(&mut self, job: &Arc<J>, kind: Place) -> bool {
        if !job.accept(&mut self.after.wakes) {
            return false;
        }
        let standing = &job.head().standing;
        // One that is only held back keeps its number.
        if standing.ticket.load(Ordering::Relaxed) == 0 {
            self.last_ticket += 1;
            standing.ticket.store(self.last_ticket, Ordering::Relaxed);
        }
        standing.set(kind);
        let rank = rank(job.head(), self.policy);
        if let Some(places) = self.of(kind) {
            places.taken += 1;
            if let Some(victims) = &mut places.victims {
                victims.insert(rank, Arc::clone(job));
            }
        }
        true
    }

    /// Lets a job wait for a place of this kind.
    pub(super) fn park(&mut self, job: &Arc<J>, kind: Place) {
        job.head().standing.set(Place::Parked);
        let Some(places) = self.of(kind) else { return };
        // What has moved on does not pile up.
        let mut moved_on = VecDeque::new();
        if places.parked.len() > 32 + 2 * places.kept {
            let all = std::mem::take(&mut places.parked);
            (places.parked, moved_on) = all.into_iter().partition(|job| job.head().standing.place() == Place::Parked);
            places.kept = places.parked.len();
        }
        places.parked.push_back(Arc::clone(job));
        self.after.graves.extend(moved_on);
    }

    /// Takes the place of another job for this one, which is not seated by that. Whether there was any to be had.
    pub(super) fn displace(&mut self, job: &Arc<J>, kind: Place) -> bool {
        let policy = self.policy;
        let Some(places) = self.of(kind) else { return false };
        let Some(first) = places.victims.as_mut().and_then(BTreeMap::first_entry) else { return false };
        if policy == Rejection::DropLowest && first.get().head().priority >= job.head().priority {
            return false;
        }
        let victim = first.remove();
        places.taken -= 1;
        victim.head().standing.set(Place::Gone);
        self.gone += 1;
        self.after.dropped.push(victim);
        true
    }

    /// A job has been put into a queue.
    pub(super) fn stood(&mut self) {
        self.standing += 1;
    }

    /// A job has been taken out of its queue. Returns it if it still is to be run.
    pub(super) fn depart(&mut self, job: Arc<J>) -> Option<Arc<J>> {
        self.standing -= 1;
        let was = self.vacate(job.head(), Place::Nowhere);
        if was == Place::Gone {
            self.gone -= 1;
        }
        if was != Place::Gone && job.accept(&mut self.after.wakes) {
            return Some(job);
        }
        self.after.graves.push(job);
        None
    }

    /// A job has ended that may stand here.
    pub(super) fn died(&mut self, head: &Head) {
        if matches!(head.standing.place(), Place::Parked | Place::Ready | Place::Held) {
            self.vacate(head, Place::Gone);
            self.gone += 1;
        }
    }

    /// Whether it is time to clear away those that are gone, for which all queues are looked through: those of so many
    /// keys.
    pub(super) fn is_littered(&self, keys: usize) -> bool {
        const FEW: usize = 32;
        self.gone >= FEW && self.gone * 2 >= self.standing + keys
    }

    /// For a `retain` on a queue: keeps those that are not gone.
    pub(super) fn keep(&mut self, job: &Arc<J>) -> bool {
        if job.head().standing.place() != Place::Gone {
            return true;
        }
        self.standing -= 1;
        self.gone -= 1;
        job.head().standing.set(Place::Nowhere);
        self.after.graves.push(Arc::clone(job));
        false
    }

    /// Takes a job out of its place.
    fn vacate(&mut self, head: &Head, to: Place) -> Place {
        let was = head.standing.place();
        head.standing.set(to);
        let rank = rank(head, self.policy);
        if let Some(places) = self.of(was) {
            places.taken -= 1;
            if let Some(victims) = &mut places.victims {
                victims.remove(&rank);
            }
        }
        was
    }

    /// Moves a job from a place of those that could be started to one of those held back. If there is none, it stays
    /// where it is until its key has rested.
    pub(super) fn hold_back(&mut self, job: &Arc<J>) {
        if job.head().standing.place() == Place::Ready && self.has_room(Place::Held, 0) {
            self.vacate(job.head(), Place::Nowhere);
            self.sit(job, Place::Held);
        }
    }

    /// Gives free places to those who have waited longest for one.
    pub(super) fn fill(&mut self, free: usize) {
        for kind in [Place::Ready, Place::Held] {
            while self.has_room(kind, free) {
                let Some(places) = self.of(kind) else { break };
                let Some(job) = places.parked.pop_front() else { break };
                if job.head().standing.place() == Place::Parked {
                    self.sit(&job, kind);
                } else {
                    self.after.graves.push(job);
                }
            }
        }
    }

    /// Those that wait for a place.
    pub(super) fn parked(&self) -> impl Iterator<Item = &Arc<J>> {
        let all = self.ready.parked.iter().chain(&self.held.parked);
        all.filter(|job| job.head().standing.place() == Place::Parked)
    }

    /// How many have a place of those that could be started.
    pub(super) fn ready(&self) -> usize {
        self.ready.taken
    }

    /// How many have a place of those that are held back.
    pub(super) fn held(&self) -> usize {
        self.held.taken
    }
}

/// Who is dropped first has the lowest.
fn rank(head: &Head, policy: Rejection) -> (u8, u64) {
    let ticket = head.standing.ticket.load(Ordering::Relaxed);
    match policy {
        Rejection::DropLowest => (head.priority as u8, u64::MAX - ticket),
        _ => (0, ticket),
    }
}
