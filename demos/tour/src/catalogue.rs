use std::fmt::Write as _;

use crate::{Demo, demos};

/// Every demo, in the order of a tour: the patterns first, then the actors.
pub const DEMOS: &[&Demo] = &[
    &demos::queue::DEMO,
    &demos::cancel::DEMO,
    &demos::task_group::DEMO,
    &demos::gather::DEMO,
    &demos::outcome::DEMO,
    &demos::semaphore::DEMO,
    &demos::rate_limit::DEMO,
    &demos::retry::DEMO,
    &demos::circuit_breaker::DEMO,
    &demos::exit_stack::DEMO,
    &demos::transaction::DEMO,
    &demos::shield::DEMO,
    &demos::background::DEMO,
    &demos::event::DEMO,
    &demos::condition::DEMO,
    &demos::barrier::DEMO,
    &demos::stream::DEMO,
    &demos::pipeline::DEMO,
    &demos::fallback::DEMO,
    &demos::hedge::DEMO,
    &demos::bulkhead::DEMO,
    &demos::policy::DEMO,
    &demos::blocking::DEMO,
    &demos::shutdown::DEMO,
    &demos::settings::DEMO,
    &demos::files::DEMO,
    &demos::http_client::DEMO,
    &demos::testing::DEMO,
    &demos::context::DEMO,
    &demos::inspect::DEMO,
    &demos::runtime::DEMO,
    &demos::supervision::DEMO,
    &demos::worker_pool::DEMO,
    &demos::connection_pool::DEMO,
    &demos::scheduler::DEMO,
    &demos::jobs::DEMO,
    &demos::many_workers::DEMO,
    &demos::coordinator::DEMO,
];

/// The list that `cargo run -p tour` prints.
#[must_use]
pub fn list() -> String {
    let mut text = String::from(
        "A narrated program for every pattern. On real time, or with --virtual at once and the same on every run.\n\n",
    );
    for Demo { word, shows, broken, .. } in DEMOS {
        let _ = writeln!(text, "{word}: {shows}");
        let broken = if broken.is_some() { " [--broken]" } else { "" };
        let _ = writeln!(
            text,
            "    cargo run -p tour --bin {word} -- [--virtual] [--svg FILE]{broken}\n"
        );
    }
    text
}
