//! HTTP as a good citizen.
//!
//! A [`Fetcher`] gets [pages](Fetcher::page), [probes](Fetcher::probe) whether a link leads anywhere, and
//! gets [other files](Fetcher::text). Per URL it goes through these steps, each in a file of its own:
//!
//! 1. *redirects*: a fetch is a chain of visits; the chain is recorded, and a loop is found at its
//!    first repetition;
//! 2. *visit*: attempts at one URL, with a backoff or the server's own `Retry-After` between them;
//! 3. *memory*: a host that can't be reached is not tried again for every link to it;
//! 4. *seats* and *pace*: how many requests a host has at a time, and how many per second;
//! 5. *exchange*: one request and its answer, within time and size limits, its errors classified.
//!
//! A crawl that keeps the redirects itself uses single visits ([`visit_page`](Fetcher::visit_page),
//! [`visit_probe`](Fetcher::visit_probe)), and asks before it follows a link whether it may
//! ([`allowed`](Fetcher::allowed)).
//!
//! # Why not the client's own redirects, retries and timeouts?
//!
//! A checker reports what lies between a link and its answer: which hop was slow, which status a
//! redirect had, which attempt succeeded. A client that hides these well is the wrong layer for it.
//!
//! # What a page can't make it do
//!
//! Who writes a page decides what is asked for, and who serves it decides what comes. So a URL is at most
//! [`LONGEST_URL`] bytes long; [private addresses](Private) can be refused, at every request and after the name lookup;
//! a chain of redirects, a head, a body, and what a body becomes by decompression have limits, and so has the time for
//! each request. All of it is counted while it comes, and not afterwards.
//!
//! # Deadlock
//!
//! A task holds at most one seat, and only for its own request. What it waits for meanwhile are its
//! host's next turn, which comes by time alone, and the server, which has its limits; never another
//! task. So nobody waits for somebody who waits.
mod address;
mod authority;
mod body;
mod chain;
mod classify;
mod client;
mod coding;
mod config;
mod connecting;
mod error;
mod exchange;
mod fetched;
mod fetcher;
mod media_type;
mod memory;
mod pace;
mod pacer;
mod private;
mod redirect;
mod resolver;
mod robots;
mod seats;
mod transient;
mod unpack;
mod url_length;
mod validators;
mod visit;

pub(crate) use address::is_loopback;
pub(crate) use authority::Authority;
pub(crate) use client::tls;
pub use config::HttpConfig;
pub use error::{FetchError, FetchSetupError, Phase};
pub use fetched::{Answer, Fetched, Hop, Page, Visited};
pub use fetcher::Fetcher;
pub use pacer::Pacer;
pub(crate) use pacer::host_and_port;
pub use private::Private;
pub(crate) use seats::Seats;
pub(crate) use transient::retry_after;
pub use url_length::LONGEST_URL;
pub use validators::Validators;
