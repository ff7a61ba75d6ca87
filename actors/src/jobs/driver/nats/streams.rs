//! How the streams are set.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType, Stream};

use super::super::DriverError;
use super::names::Names;

/// How long the server knows an entry again that comes twice. After that only the machine does.
const TWICE: Duration = Duration::from_secs(120);

/// Makes the streams that are missing: the log's, and that of what is kept beside it.
///
/// Refuses those that somebody has set otherwise, where that may lose something.
pub(super) async fn make(context: &Context, names: &Names, replicas: usize) -> Result<(Stream, Stream), DriverError> {
    let (log, kept) = (log_config(names, replicas), kept_config(names, replicas));
    let made = (make_one(context, log).await?, make_one(context, kept).await?);
    Ok(made)
}

async fn make_one(context: &Context, config: Config) -> Result<Stream, DriverError> {
    let stream = context.get_or_create_stream(config.clone()).await.map_err(no_stream)?;
    check(&stream.cached_info().config, &config)?;
    Ok(stream)
}

/// One subject, so that the places of its entries have no gaps, and whoever misses one notices.
fn log_config(names: &Names, replicas: usize) -> Config {
    Config {
        name: names.log_stream.clone(),
        subjects: vec![names.log.clone()],
        description: Some("durable jobs: all that was ever said of them, since the latest copy".to_owned()),
        republish: Some(Republish { source: names.log.clone(), destination: names.feed.clone(), headers_only: false }),
        duplicate_window: TWICE,
        deny_delete: true,
        ..kept_for_ever(replicas)
    }
}

/// One message of each subject: what is said again replaces what was said.
fn kept_config(names: &Names, replicas: usize) -> Config {
    Config {
        name: names.kept_stream.clone(),
        subjects: vec![names.all_kept()],
        description: Some("durable jobs: long payloads and outputs, and the latest copy of the tables".to_owned()),
        max_messages_per_subject: 1,
        duplicate_window: TWICE,
        ..kept_for_ever(replicas)
    }
}

/// A server without JetStream is not told from one whose JetStream is about to come.
fn no_stream(error: CreateStreamError) -> DriverError {
    match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => {
            DriverError::new("its JetStream does not answer: is it enabled in the server's settings?")
        }
        _ => DriverError::new(error),
    }
}

fn kept_for_ever(replicas: usize) -> Config {
    Config {
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: replicas.max(1),
        max_bytes: -1,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        allow_direct: true,
        ..Config::default()
    }
}

/// Refuses a stream that somebody has set otherwise, where that may lose something.
fn check(found: &Config, expected: &Config) -> Result<(), DriverError> {
    let stream = &expected.name;
    let odd = |what: &str, found: String, expected: String| {
        Err(DriverError::refused(format!("stream {stream:?}: {what} {found}, expected {expected}")))
    };
    if found.subjects != expected.subjects {
        return odd("subjects", format!("{:?}", found.subjects), format!("{:?}", expected.subjects));
    }
    if found.republish != expected.republish {
        return odd("republish", format!("{:?}", found.republish), format!("{:?}", expected.republish));
    }
    if found.retention != expected.retention || found.storage != expected.storage {
        let of = |config: &Config| format!("{:?} in {:?}", config.retention, config.storage);
        return odd("retention", of(found), of(expected));
    }
    if !found.max_age.is_zero() {
        return odd("max_age", format!("{:?}", found.max_age), "none".to_owned());
    }
    if found.max_messages > 0 {
        return odd("max_msgs", found.max_messages.to_string(), "none".to_owned());
    }
    if found.max_messages_per_subject != expected.max_messages_per_subject {
        let (found, expected) = (found.max_messages_per_subject, expected.max_messages_per_subject);
        return odd("max_msgs_per_subject", found.to_string(), expected.to_string());
    }
    if found.discard != expected.discard {
        return odd("discard", format!("{:?}", found.discard), format!("{:?}", expected.discard));
    }
    if !found.allow_direct {
        return odd("allow_direct", "false".to_owned(), "true".to_owned());
    }
    Ok(())
}
