//! Memory over very many children, as the system sees it. In a process of its own, as the other tests of this one
//! use memory, too.
#![cfg(target_os = "linux")]
use std::process::Command;

use patterns_core::context;
use patterns_core::outcome::BoxError;
use patterns_core::task_group::{CollectAll, Group, TaskGroup};
use tokio::time::sleep;

use crate::support::{ms, secs};

const NAME: &str = "task_group::memory::a_million_children_leave_no_memory_behind";
/// Set in the process that measures.
const MEASURE: &str = "PATTERNS_CORE_MEASURE_MEMORY";
/// A million takes long without optimisation.
const CHILDREN: u64 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
const LIMIT: usize = 64;
/// Less than 24 bytes for each child, so that one word kept of each of them, in a `Vec` that doubles, is seen.
const TOLERANCE: u64 = CHILDREN * 24;

#[test]
fn a_million_children_leave_no_memory_behind() {
    if std::env::var_os(MEASURE).is_some() {
        return measure();
    }
    let alone = Command::new(std::env::current_exe().unwrap()).args(["--exact", NAME]).env(MEASURE, "1").output();
    let output = alone.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    // Under another name nothing would have run.
    assert!(told.contains("1 passed"), "{told}");
}

fn measure() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let settled = runtime.block_on(TaskGroup::new("g").limit(LIMIT).policy(CollectAll).run(async |group| {
        // What the allocator and the runtime keep for good is there after a while.
        spawn(group, 50_000).await?;
        let before = resident();
        spawn(group, CHILDREN).await?;
        let grown = resident().saturating_sub(before);
        assert!(grown < TOLERANCE, "{grown} bytes more after {CHILDREN} children");
        Ok(())
    }));
    let counts = settled.counts;
    settled.into_result().unwrap();
    assert_eq!((counts.ok, counts.cancelled), ((50_000 + CHILDREN) / 4 * 3, (50_000 + CHILDREN) / 4));
}

/// Children of every kind: one that ends at once, one that waits for its turn, one that waits for time, and one that
/// is cancelled alone.
async fn spawn(group: &Group, children: u64) -> Result<(), BoxError> {
    for n in 0..children {
        match n % 4 {
            0 => drop(group.spawn_bounded("at once", async move { Ok::<_, BoxError>(vec![n; 16]) }).await?),
            1 => {
                let yields = async {
                    tokio::task::yield_now().await;
                    Ok::<_, BoxError>(())
                };
                drop(group.spawn_bounded("yields", yields).await?);
            }
            2 => {
                let sleeps = async {
                    sleep(ms(1)).await;
                    Ok::<_, BoxError>(())
                };
                drop(group.spawn_bounded("sleeps", sleeps).await?);
            }
            _ => {
                let child = group.spawn_bounded(format!("cancelled-{n}"), context::sleep(secs(3_600))).await?;
                child.cancel("enough");
            }
        }
        assert!(group.live() <= LIMIT);
    }
    Ok(())
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
