//! A lane takes a message exactly if there is room and nobody waits for it, and never holds more than its bound.

use std::collections::VecDeque;
use std::pin::Pin;

use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;

/// Notes what it handles, by lane.
struct Clerk(Arc<Mutex<Vec<(Lane, u64)>>>);

impl Actor for Clerk {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Item(Lane, u64);

impl Handler<Item> for Clerk {
    type Result = ();

    fn handle(&mut self, Item(lane, n): Item, _: &mut Context<Self>) {
        self.0.lock().push((lane, n));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    TryTell(Lane),
    /// Begins to wait, if there is no room.
    Tell(Lane),
    /// Drops the one that has waited longest.
    GiveUp,
    /// Drops the one that has waited shortest.
    GiveUpLast,
    /// Lets the actor handle a few messages.
    Run,
}

fn step() -> impl Strategy<Value = Step> {
    let lane = || proptest::sample::select(Lane::ALL.to_vec());
    prop_oneof![
        5 => lane().prop_map(Step::TryTell),
        5 => lane().prop_map(Step::Tell),
        1 => Just(Step::GiveUp),
        1 => Just(Step::GiveUpLast),
        3 => Just(Step::Run),
    ]
}

type Waiting = Pin<Box<dyn Future<Output = Result<(), TellError<Item>>>>>;

async fn play(bounds: [usize; 3], steps: Vec<Step>) {
    let system = System::start().unwrap();
    let handled = Arc::new(Mutex::new(Vec::new()));
    let log = handled.clone();
    let mut config = ActorConfig::named("clerk").mailbox(MailboxConfig::default().turn(2));
    for (lane, bound) in Lane::ALL.into_iter().zip(bounds) {
        config = config.capacity(lane, bound);
    }
    let clerk = system.spawn(config, move || Clerk(log.clone()));
    let mut waiting: VecDeque<(Lane, u64, Waiting)> = VecDeque::new();
    let mut taken: Vec<(Lane, u64)> = Vec::new();
    for (n, step) in (0..).zip(steps) {
        let before = clerk.status().lanes;
        match step {
            Step::TryTell(lane) => {
                let status = before[lane as usize];
                let fits = status.depth < status.capacity && status.waiting == 0;
                assert_eq!(clerk.lane(lane).try_tell(Item(lane, n)).is_ok(), fits, "{step:?} {status:?}");
                if fits {
                    taken.push((lane, n));
                }
            }
            Step::Tell(lane) => {
                let handle = clerk.lane(lane);
                let mut tell: Waiting = Box::pin(async move { handle.tell(Item(lane, n)).await });
                match futures_util::poll!(tell.as_mut()) {
                    std::task::Poll::Ready(told) => {
                        told.unwrap();
                        taken.push((lane, n));
                    }
                    std::task::Poll::Pending => waiting.push_back((lane, n, tell)),
                }
            }
            Step::GiveUp => drop(waiting.pop_front()),
            Step::GiveUpLast => drop(waiting.pop_back()),
            Step::Run => yield_now().await,
        }
        for status in clerk.status().lanes {
            assert!(status.depth <= status.capacity, "{step:?} {status:?}");
            // Who waits does so because there is no room.
            assert!(status.waiting == 0 || status.depth == status.capacity, "{step:?} {status:?}");
        }
        assert!(clerk.audit().balances());
    }
    for (lane, n, tell) in waiting {
        tell.await.unwrap();
        taken.push((lane, n));
    }
    assert!(clerk.stop().await.is_clean());
    let handled = handled.lock();
    for lane in Lane::ALL {
        let of =
            |list: &[(Lane, u64)]| -> Vec<u64> { list.iter().filter(|(of, _)| *of == lane).map(|(_, n)| *n).collect() };
        // Those that gave up may have gone in before; what was taken in for sure was handled once, and all in order.
        let (handled, taken) = (of(&handled), of(&taken));
        assert!(handled.is_sorted_by(|a, b| a < b), "{handled:?}");
        assert!(taken.iter().all(|n| handled.contains(n)), "{taken:?} {handled:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_takes_what_it_has_room_for_and_no_more(
        bounds in [1..4_usize, 1..4_usize, 1..4_usize],
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(play(bounds, steps));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lane_holds_its_bound_whoever_sends_from_wherever() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(16), Desk::new);
    desk.lane(Lane::Control).tell(Hold(SECOND * 3600)).await.unwrap();
    // Control is handled first, so that nothing else is.
    while desk.status().current.is_none() {
        yield_now().await;
    }
    let taken = Arc::new(AtomicU64::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (desk, taken) = (desk.clone(), taken.clone());
        senders.spawn(async move {
            for n in 0..2_000 {
                let fits = if n % 2 == 0 {
                    desk.clone().try_tell(Add(n)).is_ok()
                } else {
                    // One that does not go in at once leaves the line again.
                    let mut tell = Box::pin(desk.tell(Add(n)));
                    futures_util::poll!(tell.as_mut()).is_ready()
                };
                taken.fetch_add(u64::from(fits), Ordering::Relaxed);
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    let status = desk.status();
    assert_eq!((taken.load(Ordering::Relaxed), status.lanes[1].depth, status.rejected), (16, 16, 8_000 - 16));
    assert!(system.audit().balances());
    assert_eq!(desk.stop_by(Instant::now()).await.dead, 16);
}
