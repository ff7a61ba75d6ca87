use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::task::{Poll, Waker};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use metrics::Gauge;
use parking_lot::Mutex;

/// One lane: a channel with exactly its capacity, and a line of senders that wait for room.
///
/// # Invariants
///
/// 1. The channel never holds more than the capacity. What waits in line is its sender's, not the
///    lane's: a sender that goes away takes it along.
/// 2. First come, first served: while anybody waits, a newcomer is refused ([`push`](Self::push)) or
///    goes to the end of the line ([`park`](Self::park)).
/// 3. Room is filled from the line by whoever makes or notices it, not by the waiting sender itself.
///    So a sender that is not polled for a while holds nobody up.
/// 4. While anybody waits the channel is full. A sender that joins the line announces itself
///    (`waiting`) and then looks for room; the actor makes room and then looks for an announcement.
///    A sequentially consistent fence between the two steps on both sides means that at least one
///    of them sees the other.
pub(crate) struct LaneQueue<T> {
    capacity: usize,
    /// Made when something is first put in: a lane that is only closed needs none.
    channel: OnceLock<(Sender<T>, Receiver<T>)>,
    /// How many wait in `line`, readable without its lock.
    waiting: AtomicUsize,
    line: Mutex<Line<T>>,
    /// Shows how many items are in, together with other lanes of that name.
    depth: Gauge,
}

struct Line<T> {
    next: u64,
    /// By number, so that the first is the one who came first.
    parked: BTreeMap<u64, Parked<T>>,
    /// What was in line when the lane closed, until its sender fetches it.
    returned: BTreeMap<u64, T>,
    closed: bool,
}

struct Parked<T> {
    item: T,
    waker: Waker,
}

/// A place in the line.
#[derive(Debug)]
pub(crate) struct Ticket(u64);

/// What became of an item whose sender leaves the line.
pub(crate) enum Withdrawn<T> {
    /// It had gone in.
    In,
    /// It comes back.
    Left(T),
    /// It comes back, as the lane had closed.
    SentHome(T),
}

impl<T> LaneQueue<T> {
    pub(crate) fn new(capacity: usize, depth: Gauge) -> Self {
        let line = Line { next: 0, parked: BTreeMap::new(), returned: BTreeMap::new(), closed: false };
        Self { capacity, channel: OnceLock::new(), waiting: AtomicUsize::new(0), line: Mutex::new(line), depth }
    }

    fn offer(&self, item: T) -> Result<(), T> {
        let (sender, _) = self.channel.get_or_init(|| bounded(self.capacity));
        sender.try_send(item).map_err(TrySendError::into_inner)?;
        self.depth.increment(1.0);
        Ok(())
    }

    /// Puts `item` in, unless there is no room or somebody waits for room.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        if self.waiting.load(Ordering::Relaxed) > 0 { Err(item) } else { self.offer(item) }
    }

    /// Puts `item` in (`Ok(None)`) or in line. Gives it back if the lane is closed.
    ///
    /// Poke the actor on `Ok`: what had waited may be in now.
    pub(crate) fn park(&self, item: T, waker: &Waker) -> Result<Option<Ticket>, T> {
        let waker = waker.clone();
        let mut line = self.line.lock();
        if line.closed {
            drop(line);
            return Err(item);
        }
        let number = line.next;
        line.next += 1;
        line.parked.insert(number, Parked { item, waker });
        self.waiting.store(line.parked.len(), Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let entered = self.fill(&mut line);
        let waits = line.parked.contains_key(&number);
        drop(line);
        wake(entered);
        Ok(waits.then_some(Ticket(number)))
    }

    /// Whether what waits under `ticket` is in (`Ok`), or was given back as the lane closed (`Err`).
    pub(crate) fn poll_parked(&self, ticket: &Ticket, waker: &Waker) -> Poll<Result<(), T>> {
        let mut fresh = None;
        loop {
            let mut line = self.line.lock();
            let Some(parked) = line.parked.get_mut(&ticket.0) else {
                return Poll::Ready(line.returned.remove(&ticket.0).map_or(Ok(()), Err));
            };
            if parked.waker.will_wake(waker) {
                return Poll::Pending;
            }
            if let Some(fresh) = fresh.take() {
                let before = std::mem::replace(&mut parked.waker, fresh);
                drop(line);
                drop(before);
                return Poll::Pending;
            }
            drop(line);
            // A waker may be user code: neither cloned nor dropped under the lock.
            fresh = Some(waker.clone());
        }
    }

    /// Leaves the line.
    pub(crate) fn withdraw(&self, ticket: &Ticket) -> Withdrawn<T> {
        let mut line = self.line.lock();
        if let Some(Parked { item, waker }) = line.parked.remove(&ticket.0) {
            self.waiting.store(line.parked.len(), Ordering::Relaxed);
            drop(line);
            drop(waker);
            return Withdrawn::Left(item);
        }
        line.returned.remove(&ticket.0).map_or(Withdrawn::In, Withdrawn::SentHome)
    }

    /// Takes the oldest item and lets the next in line in.
    pub(crate) fn pop(&self) -> Option<T> {
        let item = self.channel.get()?.1.try_recv().ok()?;
        self.depth.decrement(1.0);
        // Without a fence: an announcement that is missed here is seen by `settle` at the turn's end.
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.let_in();
        }
        Some(item)
    }

    /// Lets in whoever waits although there is room. Returns whether there was anybody.
    ///
    /// To be called after a sequentially consistent fence, which one actor needs once for all of its lanes.
    pub(crate) fn settle(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 && self.let_in()
    }

    fn let_in(&self) -> bool {
        let entered = self.fill(&mut self.line.lock());
        let any = !entered.is_empty();
        wake(entered);
        any
    }

    /// Moves from the line into the channel what there is room for. Whose that was is to be woken without the lock.
    #[must_use]
    fn fill(&self, line: &mut Line<T>) -> Vec<Waker> {
        let mut entered = Vec::new();
        while let Some((number, Parked { item, waker })) = line.parked.pop_first() {
            if let Err(item) = self.offer(item) {
                line.parked.insert(number, Parked { item, waker });
                break;
            }
            entered.push(waker);
        }
        self.waiting.store(line.parked.len(), Ordering::Relaxed);
        entered
    }

    /// Sends the line home, and says how many that were. What is in the channel stays.
    pub(crate) fn close(&self) -> usize {
        let mut line = self.line.lock();
        line.closed = true;
        let mut sent_home = Vec::new();
        for (number, Parked { item, waker }) in std::mem::take(&mut line.parked) {
            line.returned.insert(number, item);
            sent_home.push(waker);
        }
        self.waiting.store(0, Ordering::Relaxed);
        drop(line);
        let count = sent_home.len();
        wake(sent_home);
        count
    }

    /// How many items are in.
    pub(crate) fn len(&self) -> usize {
        self.channel.get().map_or(0, |(_, receiver)| receiver.len())
    }

    /// How many senders wait.
    pub(crate) fn waiting(&self) -> usize {
        self.line.lock().parked.len()
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
