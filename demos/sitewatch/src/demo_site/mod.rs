//! A site full of faults, to try sitewatch on and to test it with.
//!
//! It has a tree of ordinary pages, as many as one likes, and for each [`Fault`] a page that says what is wrong there.
//! All of it is the same on every start: what a check finds today it finds tomorrow.
//!
//! | address | what is there |
//! |---|---|
//! | `/` | the first page of the tree; the others are `/pages/1/` and so on, ten below each |
//! | `/faults/` | a list of the faults, each with a page of its own |
//! | `/robots.txt`, `/sitemap.xml` | what crawlers ask for; the sitemap names the first 50,000 pages of the tree |
//! | `/_control/fix`, `/_control/break` | mends what can be mended, and breaks it again; with [`control`](DemoSiteBuilder::control) only |
//! | `/_control/stats` | what was asked for so far, as JSON; likewise |
//!
//! Pages have an `ETag` and a `Last-Modified`, and a request that knows them is answered with 304.
//!
//! # Why a server of its own?
//!
//! Half of the faults are no HTTP: a connection that is reset, a body that ends too early, an answer that never comes.
//! A web framework exists to make those impossible, so this one speaks to the socket.
//!
//! # Limits
//!
//! It is meant for this machine. It has no TLS, and whoever reaches it may use its controls, if they are on.
mod answer;
mod args;
mod bomb;
mod builder;
mod connection;
mod control;
mod fault;
mod faults;
mod page;
mod request;
mod route;
mod site;
mod tally;
mod trouble;

pub use args::{DemoSiteArgs, serve};
pub use builder::{DemoSiteBuilder, DemoSiteError};
pub use fault::{Fault, UnknownFault};
pub use faults::Faults;
pub use site::DemoSite;
pub use tally::Stats;
