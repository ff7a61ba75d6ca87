use tokio::sync::{mpsc, oneshot};

use super::Summing;

/// No actor: a task at the end of a channel.
#[derive(Clone)]
pub(super) struct ByChannel(mpsc::Sender<Message>);

pub(super) enum Message {
    Add(u64),
    Sum(u64, oneshot::Sender<u64>),
}

impl Message {
    pub(super) fn add_to(self, sum: &mut u64) {
        match self {
            Self::Add(n) => *sum += n,
            Self::Sum(n, answer) => {
                *sum += n;
                let _ = answer.send(*sum);
            }
        }
    }
}

impl Summing for ByChannel {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        let start = |_| {
            let (sender, mut receiver) = mpsc::channel::<Message>(capacity);
            tokio::spawn(async move {
                let mut sum = 0;
                while let Some(message) = receiver.recv().await {
                    message.add_to(&mut sum);
                }
            });
            Self(sender)
        };
        (0..actors).map(start).collect()
    }

    async fn tell(&self, n: u64) {
        assert!(self.0.send(Message::Add(n)).await.is_ok(), "the task is there");
    }

    async fn ask(&self, n: u64) -> u64 {
        let (answer, answered) = oneshot::channel();
        assert!(self.0.send(Message::Sum(n, answer)).await.is_ok(), "the task is there");
        answered.await.expect("the task answers")
    }
}
