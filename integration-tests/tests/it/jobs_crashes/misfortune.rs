//! What happens in a round.

use std::fs;
use std::path::Path;

use tokio::time::sleep;

use super::story::ENGINE;
use super::world::World;
use super::{LEASE, Scene};

/// Something that must not matter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misfortune {
    /// A worker is killed.
    Death,
    /// The one that leads is killed.
    DeathOfTheLeader,
    /// A worker dies by its own hand in its next life, at a point that a signal hardly ever hits.
    Trap,
    /// A worker stands still, often for so long that it is given up, and does not know when it goes on.
    Sleep,
    /// The clock is set forwards or backwards by an hour, on the machine that has the engine's file.
    ClockStep,
    /// The engine is killed, is away, and comes again.
    DeathOfTheEngine,
    /// The link between two machines is cut, and healed.
    Cut,
}

/// Where a life can end by itself.
const POINTS: [&str; 3] = ["begun", "worked", "effects"];

/// By how many seconds the clock may be wrong: not by more, so that nothing gets so old that it is deleted.
const STEPS: [i64; 3] = [-3_600, 0, 3_600];

impl Misfortune {
    /// Happens, and is over.
    pub(super) async fn strike<W: World>(self, scene: &mut Scene<W>) {
        let mut slot = scene.dice.index(scene.fleet.size());
        match self {
            Self::Death => replace(scene, slot).await,
            Self::DeathOfTheLeader => {
                let owners = scene.owners().await;
                let leader =
                    owners.leader.and_then(|leader| owners.all.into_iter().find(|seen| seen.owner == leader.owner));
                // Nobody leads, or who did is dead already and was not yet given up: then it hits anybody.
                if let Some(leading) = leader.and_then(|leader| scene.fleet.slot_of(&leader.instance?)) {
                    slot = leading;
                }
                replace(scene, slot).await;
            }
            Self::Trap => {
                let instance = scene.fleet.kill(slot).await;
                let trap = format!("{}:{}", scene.dice.any(&POINTS), 1 + scene.dice.below(8));
                scene.fleet.start_as(slot, format!("{instance}t"), Some(trap));
            }
            Self::Sleep => {
                let time = LEASE.mul_f64(scene.dice.between(0.5, 3.0));
                // In the middle of a transaction it holds up others: all of them, where the engine is a file.
                scene.fleet.story.gets_unwell(ENGINE);
                scene.fleet.stop(slot).await;
                sleep(time).await;
                scene.fleet.wake(slot).await;
                scene.fleet.story.gets_well(ENGINE);
            }
            Self::ClockStep => set_clock(scene.folder.path(), scene.dice.any(&STEPS)),
            Self::DeathOfTheEngine => {
                let away = LEASE.mul_f64(scene.dice.between(0.0, 1.5));
                scene.fleet.story.gets_unwell(ENGINE);
                scene.world.fail(away).await;
                scene.fleet.story.gets_well(ENGINE);
            }
            Self::Cut => {
                let time = LEASE.mul_f64(scene.dice.between(0.5, 5.0));
                // Whoever is cut off in the middle of something may be in the way of others until it is noticed.
                scene.fleet.story.gets_unwell(ENGINE);
                scene.world.cut(time).await;
                scene.fleet.story.gets_well(ENGINE);
            }
        }
    }
}

/// Kills a worker, and has another take its place: a new one, or, once in three times, one that is called the same and
/// so is known to be its next life.
async fn replace<W>(scene: &mut Scene<W>, slot: usize) {
    let instance = scene.fleet.kill(slot).await;
    if scene.dice.below(3) == 0 {
        scene.fleet.start_as(slot, instance, None);
    } else {
        scene.fleet.start(slot);
    }
}

/// Has the clock of all that go by the folder's be wrong by so many seconds.
pub(super) fn set_clock(folder: &Path, seconds: i64) {
    // Whoever reads it meanwhile reads the one or the other.
    let new = folder.join("clock.new");
    fs::write(&new, seconds.to_string()).unwrap();
    fs::rename(&new, folder.join("clock")).unwrap();
}
