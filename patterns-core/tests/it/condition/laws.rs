//! Laws of the buffer: against a plain model, and under random interleavings with cancellations.
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use patterns_core::condition::{Buffer, GetError, PutError};
use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::ByHand;

#[derive(Clone, Debug)]
enum Op {
    Put(u8),
    Get,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Put),
        6 => Just(Op::Get),
        1 => prop::bool::weighted(0.2).prop_map(|close| if close { Op::Close } else { Op::Get }),
    ]
}

fn against_model(bound: usize, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let buffer = Buffer::new(bound);
    let (mut items, mut closed) = (VecDeque::new(), false);
    for op in ops {
        match op {
            Op::Put(item) => match buffer.try_put(item) {
                Ok(()) => {
                    prop_assert!(!closed);
                    items.push_back(item);
                }
                Err(PutError::Closed(back)) => prop_assert!(closed && back == item),
                Err(PutError::Full(back)) => prop_assert!(!closed && items.len() == bound && back == item),
                Err(error) => return Err(TestCaseError::fail(format!("{error:?}"))),
            },
            Op::Get => match (buffer.try_get(), items.pop_front()) {
                (Ok(got), expected) => prop_assert_eq!(Some(got), expected),
                (Err(GetError::Empty), None) => prop_assert!(!closed),
                (Err(GetError::Closed), None) => prop_assert!(closed),
                (got, expected) => return Err(TestCaseError::fail(format!("{got:?} instead of {expected:?}"))),
            },
            Op::Close => {
                buffer.close();
                closed = true;
            }
        }
        prop_assert!(buffer.len() <= bound);
        prop_assert_eq!((buffer.len(), buffer.is_closed()), (items.len(), closed));
    }
    Ok(())
}

/// An item: whose, and which of them.
type Item = (usize, u32);

struct World {
    buffer: Buffer<Item>,
    /// In the order in which they went in, and came out.
    put: RefCell<Vec<Item>>,
    got: RefCell<Vec<Item>>,
    producing: Cell<usize>,
    dice: RefCell<SmallRng>,
}

impl World {
    async fn produce(&self, cancel: &Cell<bool>, producer: usize, items: u32) {
        for n in 0..items {
            let mut slot = Some((producer, n));
            while slot.is_some() {
                if let Some(result) = cancellable(cancel, self.buffer.put_from(&mut slot)).await {
                    result.unwrap();
                }
            }
            self.put.borrow_mut().push((producer, n));
            assert!(self.buffer.len() <= self.buffer.bound());
            self.pause().await;
        }
        self.producing.set(self.producing.get() - 1);
        if self.producing.get() == 0 {
            self.buffer.close();
        }
    }

    async fn consume(&self, cancel: &Cell<bool>) {
        loop {
            match cancellable(cancel, self.buffer.get()).await {
                None => {}
                Some(Ok(item)) => self.got.borrow_mut().push(item),
                Some(Err(error)) => {
                    assert!(error.is_closed());
                    return;
                }
            }
            self.pause().await;
        }
    }

    async fn pause(&self) {
        let mut polls = self.dice.borrow_mut().random_range(0..3_u32);
        poll_fn(|cx| {
            if polls == 0 {
                return Poll::Ready(());
            }
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// `fut`, or `None` once the task is told to drop it.
async fn cancellable<F: Future>(cancel: &Cell<bool>, fut: F) -> Option<F::Output> {
    let mut fut = pin!(fut);
    poll_fn(|cx| if cancel.take() { Poll::Ready(None) } else { fut.as_mut().poll(cx).map(Some) }).await
}

struct Task<'a> {
    work: ByHand<'a, ()>,
    /// Tells it to drop what it waits for and begin anew.
    cancel: &'a Cell<bool>,
    /// Whether it is to be polled although nothing has woken it.
    due: bool,
}

/// Polls tasks that were woken, in random order, until all have ended; an error is a standstill, and that is a
/// wake-up lost.
fn run(mut tasks: Vec<Task<'_>>, rng: &mut SmallRng, mut cancels: u32) -> Result<(), TestCaseError> {
    while !tasks.is_empty() {
        if cancels > 0 && rng.random_range(0..4) == 0 {
            cancels -= 1;
            let at = rng.random_range(0..tasks.len());
            tasks[at].cancel.set(true);
            tasks[at].due = true;
        }
        let woken: Vec<_> = (0..tasks.len()).filter(|at| tasks[*at].due || tasks[*at].work.is_woken()).collect();
        prop_assert!(!woken.is_empty(), "standstill: {} tasks wait for ever", tasks.len());
        let at = woken[rng.random_range(0..woken.len())];
        tasks[at].due = false;
        if tasks[at].work.poll().is_ready() {
            drop(tasks.swap_remove(at));
        }
    }
    Ok(())
}

fn interleaved(bound: usize, producers: Vec<u32>, consumers: usize, seed: u64) -> Result<(), TestCaseError> {
    let world = World {
        buffer: Buffer::new(bound),
        put: RefCell::default(),
        got: RefCell::default(),
        producing: Cell::new(producers.len()),
        dice: RefCell::new(SmallRng::seed_from_u64(seed)),
    };
    let cancels: Vec<_> = (0..producers.len() + consumers).map(|_| Cell::new(false)).collect();
    let (producers_cancel, consumers_cancel) = cancels.split_at(producers.len());
    let mut tasks = Vec::new();
    for (producer, (items, cancel)) in producers.iter().zip(producers_cancel).enumerate() {
        let work = ByHand::new(world.produce(cancel, producer, *items));
        tasks.push(Task { work, cancel, due: true });
    }
    for cancel in consumers_cancel {
        tasks.push(Task { work: ByHand::new(world.consume(cancel)), cancel, due: true });
    }
    run(tasks, &mut SmallRng::seed_from_u64(seed ^ 0x5eed), 60)?;

    prop_assert_eq!((world.buffer.len(), world.buffer.waiting()), (0, 0));
    let (put, got) = (world.put.into_inner(), world.got.into_inner());
    prop_assert_eq!(put.len(), producers.iter().sum::<u32>() as usize);
    prop_assert_eq!(got, put, "out in the order in which they went in");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_does_what_the_plain_model_does(
        bound in 1..5_usize,
        ops in prop::collection::vec(op(), 0..80),
    ) {
        against_model(bound, ops)?;
    }

    #[test]
    fn all_items_pass_in_order_whoever_is_cancelled_and_whoever_runs_when(
        bound in 1..4_usize,
        producers in prop::collection::vec(0..12_u32, 1..5),
        consumers in 1..5_usize,
        seed in any::<u64>(),
    ) {
        interleaved(bound, producers, consumers, seed)?;
    }
}
