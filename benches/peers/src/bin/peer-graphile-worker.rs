//! graphile_worker as it comes: each job is taken by itself, and deleted by itself when it is done.

use std::time::Instant;

use peers::Load;

#[path = "../graphile.rs"]
mod graphile;

fn main() {
    peers::run(load);
}

async fn load(load: &Load) -> Instant {
    graphile::load(load, |options| options).await
}
