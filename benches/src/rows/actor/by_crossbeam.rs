use std::thread;

use crossbeam_channel::{Sender, bounded};
use tokio::sync::oneshot;

use super::by_channel::Message;
use super::elsewhere::Elsewhere;
use super::{CAPACITY, Summing};

/// No actor, and no runtime: a thread at the end of a channel, where whoever finds no room blocks its own thread.
#[derive(Clone)]
pub(super) struct ByCrossbeam(Sender<Message>);

impl ByCrossbeam {
    /// The thread ends when the last sender is dropped.
    fn spawn(capacity: usize) -> Self {
        let (sender, receiver) = bounded::<Message>(capacity);
        thread::spawn(move || {
            let mut sum = 0;
            for message in receiver {
                message.add_to(&mut sum);
            }
        });
        Self(sender)
    }
}

impl Summing for ByCrossbeam {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        (0..actors).map(|_| Self::spawn(capacity)).collect()
    }

    async fn tell(&self, n: u64) {
        assert!(self.0.send(Message::Add(n)).is_ok(), "the thread is there");
    }

    async fn ask(&self, n: u64) -> u64 {
        let (answer, answered) = oneshot::channel();
        assert!(self.0.send(Message::Sum(n, answer)).is_ok(), "the thread is there");
        answered.await.expect("the thread answers")
    }

    fn elsewhere() -> (Self, Option<Elsewhere>) {
        (Self::spawn(CAPACITY), None)
    }
}
