mod builder;
mod clock;
mod command;
mod contract;
mod copies;
mod entry;
mod follow;
mod items;
mod link;
mod machine;
mod names;
mod said;
mod shared;
mod state;
mod streams;
mod synced;
mod texts;
mod writer;

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use shared::Shared;

/// The crate that this is built on.
pub use ::async_nats;
pub use builder::NatsDriverBuilder;

/// A driver on NATS JetStream: for workers on any number of machines. A clone is the same one.
///
/// It needs nats-server 2.12 or later, set to `sync_interval: always`, and refuses to start where that is not so and
/// was not [accepted](NatsDriverBuilder::accept_unsynced): by default a server acknowledges what a power loss takes.
///
/// | question | answer |
/// |---|---|
/// | what was answered survives | a crash of any program, and of the server; a power loss with `sync_interval: always`; with three replicas also the loss of one server |
/// | atomic | each job that is entered, each answer with what follows from it, each eviction with all that it hands back: whatever is torn down in the middle |
/// | whose word counts | that of whoever has the latest fence; a late message that lay in some buffer does nothing |
/// | order | the contract's, over all programs: entries take effect in the order of the log |
/// | whose clock | the server's that leads the stream; it never goes back: set back, it goes at half the pace until it has caught up |
/// | rows with an answer | none: JetStream has no transactions for others. What follows can be a [job](super::Answer::next) |
/// | what it costs | one message and one sync for what many callers say at the same time; a sign of life is one message; a look at an empty queue is one question, and nothing is written |
/// | memory | **every program that is connected has all jobs in its memory**, about 1 KiB each, also those that are over and not yet pruned; payloads and outputs of more than 1 KiB are left at the server |
/// | versions | all programs of a namespace must be of versions that write the same log; one that finds entries of a later version stops, and says so |
///
/// So it is made for many workers and up to a million jobs that are kept. For more, or for jobs that are kept for long,
/// take PostgreSQL.
///
/// # How it works
///
/// A stream is a log with one subject. A change is a command in it, and each entry has the commands that callers of one
/// program gave while the entry before was under way. Whoever is connected applies the same entries in the same order
/// to tables in memory, which are those of [`MemoryDriver`](super::MemoryDriver); and the answer is what came of it
/// there. The time is the entry's, which the server wrote. So nothing is decided by comparing revisions, nobody
/// collides with others, and an item is whole because it is one message.
///
/// It does not use JetStream's work queues, acknowledgements, atomic batches and key-value leases, each for a reason: a
/// consumer gives what is put back behind all others, and knows nothing of what is due, keys and priorities; an
/// acknowledgement that comes late is accepted though somebody else has the job; a batch can be stored in part if the
/// power fails on a single replica (its staged copy is not synced, whatever the setting), and takes the server ten
/// times as long as a message; and a lease that ends by the age of a key ends apart from what it protects.
///
/// The server sends again what it has written (`republish`), so there is no consumer either. Who misses an entry sees
/// the gap, and reads it. A look asks the leader first how far the log goes, and answers when it has come so far.
///
/// When the log has grown by 4 MiB, one program writes a copy of the tables beside it, and deletes the log up to the copy
/// before. Who connects takes the copy and reads the rest. Payloads and outputs that no job has any more are deleted at
/// the same time.
///
/// # Limits
///
/// - A server that was not synced and lost the end of its log goes on from an earlier state; all programs notice it,
///   and read it anew.
/// - While a stream has no leader, everything fails, and can be asked again.
/// - Streams must not be changed by others; nobody else may write to their subjects.
///
/// # Examples
///
/// ```no_run
/// use actors::jobs::JobId;
/// use actors::jobs::driver::{Entered, JobDriver, NatsDriver, NewJob};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let driver = NatsDriver::builder("nats://127.0.0.1:4222")
///     .namespace("shop")
///     .monitor("http://127.0.0.1:8222")
///     .connect()
///     .await?;
/// let job = NewJob::new(JobId::of(&["welcome", "ada"]), "mail", "welcome", r#"{"to":"ada"}"#);
/// assert_eq!(driver.enqueue(None, &[job]).await?, [Entered::New]);
/// assert!(driver.is_synced());
/// # Ok(()) }
/// ```
///
/// ```
/// use actors::jobs::driver::NatsDriver;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let error = NatsDriver::builder("nats://127.0.0.1:4222").namespace("two words").connect().await.unwrap_err();
/// assert!(error.is_final());
/// # }
/// ```
#[derive(Clone)]
pub struct NatsDriver(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    /// Ended with the last clone.
    _tasks: JoinSet<()>,
    is_synced: bool,
}

impl NatsDriver {
    /// Settings of one that connects to this server: `nats://user:password@host:port`; or to one of several, separated
    /// by commas.
    pub fn builder(url: impl Into<String>) -> NatsDriverBuilder {
        NatsDriverBuilder::new(url.into())
    }

    /// Whether each server that keeps the streams was found to sync before it acknowledges, when this driver connected.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.0.is_synced
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

impl fmt::Debug for NatsDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = &self.shared().link.names.log_stream;
        f.debug_struct("NatsDriver")
            .field("stream", stream)
            .field("is_synced", &self.0.is_synced)
            .finish_non_exhaustive()
    }
}
