//! Telling people what changed: by a webhook, a command or a mail.
//!
//! Whoever has something to tell puts a [`Notice`] into an [`Outbox`], in the same transaction as the change itself. A
//! [`Notifier`] takes it from there and sends it by its [`Channel`], again and again until it was taken or there is no
//! hope. So a notice is sent *at least once*: what was sent just before a crash, and not noted as delivered, is sent
//! again. A receiver that must not count twice goes by [`Notice::id`], which is the same each time. The delivery's name
//! in `X-Sitewatch-Delivery` is the same while a batch is tried again as it was; what was cut off by a stop may come with
//! newer notices the next time, and as another delivery.
//!
//! # How notices become a batch
//!
//! 1. A notice is sent once the oldest that waits is as old as [`Policy::wait`], and all others with it; at once where
//!    they are 50, or name 2,000 links.
//! 2. A batch that was not taken is sent again as the same batch, after a pause that doubles each time, or as long as
//!    the server asked for. Until then its channel rests, newer notices included: they would meet the same trouble.
//! 3. After [`Policy::attempts`], or where the receiver refuses it for good, it is given up, and the next one has its
//!    turn.
//!
//! Each channel has a task of its own, so a slow one holds up nobody else.
//!
//! # Why not a retry around the request?
//!
//! It would last as long as the process. Here the outbox keeps what is to be tried again, and when, so the hours
//! between attempts outlive a restart. However, that newer notices rest meanwhile does not: after a restart they are
//! sent at once.
mod batch;
mod channel;
mod command;
mod courier;
mod delivery;
mod duty;
mod ending;
mod error;
mod gone;
mod mail;
mod memory;
mod notice;
mod notifier;
mod outbox;
mod policy;
mod sign;
mod smtp;
mod status;
mod text;
mod webhook;

pub use channel::Channel;
pub use command::{Command, CommandSettings};
pub use duty::Duty;
pub use error::{SendError, SetupError};
pub use mail::{Mail, MailSettings};
pub use memory::{Entry, EntryState, MemoryOutbox};
pub use notice::{Notice, NoticeKind};
pub use notifier::Notifier;
pub use outbox::{Outbox, OutboxError, Queued};
pub use policy::Policy;
pub use sign::{sign, verify};
pub use status::{ChannelStatus, NotifierStatus};
pub use text::{subject, text};
pub use webhook::{Webhook, WebhookSettings};
