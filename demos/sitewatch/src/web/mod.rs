//! The service for people: pages that are made here, and need no script.
//!
//! | address | what |
//! |---|---|
//! | `/` | all sites; `?q=` for those with a text in name or target, `?is=` for those of a kind |
//! | `/sites/{name}` | one of them: broken links by cause or page (`?by=`), history, checks |
//! | `/sites/{name}/findings.txt` | its broken links as plain text |
//! | `/sites/{name}/runs/{id}` | one check |
//! | `/machinery` | actors, workers, pools, timers, components and tasks |
//! | `/workers` | who fetches for the service, what each does, and how much waits in which queue |
//! | `/jobs` | the jobs of the queue; `?state=` and `?queue=` for some of them, `?before=` for older ones |
//! | `/jobs/{id}` | one of them |
//! | `/login`, `/logout` | whoever knows the token may press the buttons |
//! | `/events` | what changes, as server-sent events |
//! | `/assets/…` | style, script and icon, each with a hash of its content in its address |
//! | POST `/sites/{name}/check`, `/pause`, `/resume`, `/cancel` | the buttons |
//! | POST `/jobs/{id}/retry`, `/cancel`; `/queues/{name}/pause`, `/resume`, `/retry` | those about a queue |
//!
//! The rest is the [API](api). [`Web`] is all of it without a server, [`WebServer`] is the server.
//!
//! # Live updates
//!
//! A script asks for a page again when an event says that something which the page shows has changed, and then brings
//! what is shown up to date in place. A request with the header `X-Fragment` is answered with the `<main>` alone.
//! Without the script each page is as it was when it was asked for.
//!
//! # Safety
//!
//! - *Who may*: see [`auth`]. A wrong `Host`, a request that another site's page caused, and a form without its token
//!   are refused.
//! - *What is shown*: names, addresses and texts come from the web. They are escaped, characters that forge a line's
//!   direction are shown by number, and only http and https become links. A strict content security policy stands
//!   behind that: no script or style but those of `/assets/`.
//! - *How much*: lists are cut into parts of 500, and at most 64 listen to events.
pub mod api;
mod assets;
pub mod auth;
mod error;
mod events;
mod guard;
mod handle;
mod pages;
mod server;
mod settings;
#[allow(clippy::module_inception, reason = "the main type of the module")]
mod web;

pub use error::BindError;
pub use handle::WebHandle;
pub use server::{Reserved, WebServer};
pub use settings::WebSettings;
pub use web::Web;
