//! The settings of `sitewatch serve`.
//!
//! [`load`](fn@load) reads a file and the environment, finds everything that is wrong with them, and gives a
//! [`ServiceConfig`]: each site with what it inherits from `[defaults]`, and secrets at hand. What a file may say is
//! told by the [`reference`](fn@reference), which is made of the types that read it, and by a JSON
//! [`schema`](fn@schema).
//!
//! `sitewatch check` takes what concerns it from the same file, by [`for_check`](fn@for_check).
mod auth;
mod channel;
mod check;
mod file;
mod for_check;
mod load;
mod reference;
mod schedule;
mod schema;
mod secret;
mod service;
mod site;

pub use auth::AuthConfig;
pub use channel::{ChannelConfig, ChannelKind, CommandConfig, MailConfig, Told, WebhookConfig};
pub use for_check::for_check;
pub use load::{load, load_with, show};
pub use reference::reference;
pub use schedule::{ScheduleConfig, When};
pub use schema::schema;
pub use secret::Secret;
pub use service::{Readers, RetentionConfig, ServiceConfig, WebConfig};
pub use site::{ConfirmConfig, SiteConfig, SiteReport};
