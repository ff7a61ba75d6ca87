//! Two machines: the service, the queue and two workers are on one of them, the other two workers on the other. The link
//! between the two is cut and healed; the site can be reached from both at any time.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::crew::{Crew, Place};
use super::engine::Engine;
use super::scene::{Scene, Story, wait_for};
use super::{HELD, WORKERS, pages, places, size};
use crate::pool_support::blocking;
use crate::service_crashes::{BOUND, within};
use crate::support::machine::Machine;

/// The link that is cut, to the queue.
const CUT: usize = 0;

/// The one that is not, to the site.
const WHOLE: usize = 1;

/// For how long it is cut, one after the other: what nobody needs to notice, and longer than a worker may be silent.
const TIMES: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(21)];

/// With less than this to be asked for it is not cut any more, as the check might be over before it is healed.
const ENOUGH: Duration = Duration::from_secs(60);

/// Those in the second half are on the other machine. None has a name: nobody knows of another life.
async fn on_both(engine: &Engine, machine: &mut Machine) -> Vec<Place> {
    let queue = engine.queue_from(machine, CUT).await;
    let mut places = places(engine);
    for (slot, place) in places.iter_mut().enumerate() {
        place.name = None;
        if slot >= WORKERS / 2 {
            place.queue.clone_from(&queue);
            place.through = machine.through();
        }
    }
    places
}

async fn assert_cuts_change_nothing(engine: &Engine, machine: &mut Machine) {
    let size = size(pages(), 15);
    let scenario = async {
        let scene = Scene::new(size, machine.address(WHOLE)).await;
        let crew = Crew::start(on_both(engine, machine).await);
        let service = scene.begin(&engine.queue()).await;
        scene.reached(1).await;
        assert!(scene.door.was_asked_from_afar(scene.began()), "the other machine has no part in it");
        let mut cuts = 0;
        while cuts < TIMES.len() || scene.left() > ENOUGH {
            let before = scene.door.requests();
            machine.set(CUT, "down").await;
            sleep(TIMES[cuts % TIMES.len()]).await;
            machine.set(CUT, "up").await;
            assert!(scene.door.requests() > before, "those who are on the queue's side do not go on");
            cuts += 1;
            let healed = Instant::now();
            let is_back = within(BOUND, async || scene.door.was_asked_from_afar(healed) || scene.left().is_zero());
            assert!(is_back.await, "the other machine does not go on");
        }
        let what = format!("with the link between two machines cut, on {}", engine.name());
        let lost = cuts as u64 * (WORKERS / 2) as u64 * HELD;
        let story = Story { what, times: cuts, resumed: 0, repeated: lost };
        scene.assert_all(&story, &service).await;
        // Also those who had no time to show it are back.
        wait_for(WORKERS, &service).await;
        crew.stop().await;
    };
    timeout(size.limit(), scenario).await.expect("the scenario hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_link_between_two_machines_cut_and_healed_they_find_what_one_process_does_on_postgres() {
    const TEST: &str = "many workers, with the link between two machines cut, on PostgreSQL";
    let Some(mut machine) = Machine::start(TEST, 2).await else { return };
    let Some(engine) = Engine::postgres(TEST).await else { return };
    assert_cuts_change_nothing(&engine, &mut machine).await;
    engine.end().await;
    blocking(move || drop(machine)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_link_between_two_machines_cut_and_healed_they_find_what_one_process_does_on_nats() {
    const TEST: &str = "many workers, with the link between two machines cut, on NATS";
    let Some(mut machine) = Machine::start(TEST, 2).await else { return };
    let Some(engine) = Engine::nats(TEST).await else { return };
    assert_cuts_change_nothing(&engine, &mut machine).await;
    engine.end().await;
    blocking(move || drop(machine)).await;
}
