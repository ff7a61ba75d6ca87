use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::{Summing, give_way, started};

/// Its mailboxes have no bound.
#[derive(Clone)]
pub(super) struct ByRactor(ActorRef<Message>);

struct Counter;

pub(super) enum Message {
    Add(u64),
    Sum(u64, RpcReplyPort<u64>),
}

impl Actor for Counter {
    type Msg = Message;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<u64, ActorProcessingErr> {
        started();
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Message>, message: Message, sum: &mut u64) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Add(n) => *sum += n,
            Message::Sum(n, answer) => {
                *sum += n;
                let _ = answer.send(*sum);
            }
        }
        Ok(())
    }
}

impl Summing for ByRactor {
    async fn start(actors: usize, _: usize) -> Vec<Self> {
        let mut all = Vec::with_capacity(actors);
        for _ in 0..actors {
            let (actor, _) = Actor::spawn(None, Counter, ()).await.expect("an actor starts");
            all.push(Self(actor));
        }
        all
    }

    async fn tell(&self, n: u64) {
        self.0.cast(Message::Add(n)).expect("the actor is there");
        give_way(n).await;
    }

    async fn ask(&self, n: u64) -> u64 {
        match self.0.call(|answer| Message::Sum(n, answer), None).await {
            Ok(CallResult::Success(sum)) => sum,
            _ => panic!("the actor is there"),
        }
    }
}
