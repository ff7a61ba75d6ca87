//! The driver in memory, on a clock that the test moves.

use std::time::Duration;

use actors::jobs::driver::MemoryDriver;
use actors::scheduler::VirtualClock;
use jiff::SignedDuration;

use super::conformance::{World, conforms};

/// One driver, of which each is a clone.
struct InMemory {
    clock: VirtualClock,
    driver: MemoryDriver,
}

impl World for InMemory {
    type Driver = MemoryDriver;

    async fn open(&self) -> MemoryDriver {
        self.driver.clone()
    }

    async fn pass(&self, units: u32) {
        self.clock.step(SignedDuration::from_secs(i64::from(units)));
    }

    fn unit(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[tokio::test(start_paused = true)]
async fn the_driver_in_memory_conforms() {
    let clock = VirtualClock::starting_at("2026-05-01T12:00:00Z".parse().unwrap());
    let driver = MemoryDriver::with_clock(clock.clone());
    conforms(&InMemory { clock, driver }).await;
}
