//! What one would write without us: a work-queue stream, and a pull consumer with explicit acknowledgements.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{self, RetentionPolicy, StorageType, Stream};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::engines::parts;
use super::greeting::{Greeting, Ran};
use super::{Load, put_singly, until};

/// What becomes of an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acks {
    /// It was sent, and may have got lost.
    Sent,
    /// The server has said that it has it.
    Confirmed,
}

pub(super) async fn work(place: &str, load: Load, acks: Acks) -> Duration {
    let [url, _, name] = parts(place);
    let client = async_nats::connect(url).await.expect("it connects");
    let context = jetstream::new(client);
    let settings = stream::Config {
        name: name.to_owned(),
        subjects: vec![name.to_owned()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        ..stream::Config::default()
    };
    let stream = context.create_stream(settings).await.expect("there is none of that name");
    let settings = pull::Config {
        durable_name: Some("workers".to_owned()),
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    };
    let consumer: PullConsumer = stream.create_consumer(settings).await.expect("there is none yet");
    let ran = Ran::default();
    let began = Instant::now();
    let worker = tokio::spawn(consume(consumer, load.width, acks, Arc::clone(&ran)));
    let subject = name.to_owned();
    put_singly(load, move |id| {
        let (context, subject) = (context.clone(), subject.clone());
        async move {
            let payload = serde_json::to_vec(&Greeting::new(id)).expect("it is plain");
            let acknowledged = context.publish(subject, payload.into()).await.expect("it is sent");
            acknowledged.await.expect("the server takes it");
        }
    })
    .await;
    until(|| ran.load(Ordering::Relaxed) >= load.jobs).await;
    // What is acknowledged is deleted.
    while left(&stream).await > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let took = began.elapsed();
    worker.abort();
    took
}

async fn consume(consumer: PullConsumer, width: usize, acks: Acks, ran: Ran) {
    let messages = consumer.stream().max_messages_per_batch(width).messages().await.expect("the server gives them");
    messages
        .for_each_concurrent(width, |message| {
            let ran = Arc::clone(&ran);
            async move {
                let message = message.expect("the server gives it");
                serde_json::from_slice::<Greeting>(&message.payload).expect("it is one").count(&ran);
                let acked = if acks == Acks::Confirmed { message.double_ack().await } else { message.ack().await };
                acked.expect("it is sent");
            }
        })
        .await;
}

async fn left(stream: &Stream) -> u64 {
    stream.get_info().await.expect("the server answers").state.messages
}
