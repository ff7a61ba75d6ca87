use actors::dead_letters::DeadLetterConfig;
use actors::supervision::ActorState;
use tokio::task::{JoinError, JoinSet};

use super::*;

/// Long enough without optimisation.
const MESSAGES: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// How many instead, for whoever has the time: 10000000.
const VARIABLE: &str = "ACTORS_MESSAGES";

/// Marsaglia's xorshift: the same sequence every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn what(&mut self) -> What {
        match self.roll(2_000) {
            0 => What::Boom,
            1 => What::Retried,
            2 => What::Quit,
            3 => What::Later(5),
            4 => What::Beside(5),
            5 => What::Hold(1),
            6 => What::Forget,
            n if n % 2 == 0 => What::Add,
            _ => What::Note,
        }
    }

    fn lane(&mut self) -> Lane {
        match self.roll(3) {
            0 => Lane::Control,
            1 => Lane::Interactive,
            _ => Lane::Batch,
        }
    }
}

fn tireless(system: &System) -> Handle<Desk> {
    let restart = RestartConfig::default().max_restarts(50).backoff(millis(1), millis(2));
    system.spawn(ActorConfig::named("desk").restart(restart).ask_timeout(SECOND), Desk::new)
}

fn check(joined: Result<(), JoinError>) {
    if let Err(error) = joined {
        assert!(error.is_cancelled(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_over_very_many_messages_with_panics_restarts_cancels_and_stops() {
    silence();
    let messages = std::env::var(VARIABLE).map_or(MESSAGES, |number| number.parse().unwrap());
    let system = System::builder().dead_letters(DeadLetterConfig::default().capacity(16)).start().unwrap();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut desk = tireless(&system);
    let mut tasks = JoinSet::new();
    let (mut sent, mut stops, mut restarts) = (0, 0, 0);
    while sent < messages {
        for _ in 0..100 {
            sent += 1;
            let (what, handle) = (dice.what(), desk.lane(dice.lane()));
            match dice.roll(8) {
                0 => drop(tasks.spawn(ask(handle, what, true))),
                1 => drop(tasks.spawn(tell(handle, what))),
                _ => drop(try_tell(&handle, what)),
            }
        }
        yield_now().await;
        match dice.roll(16) {
            0 => tasks.abort_all(),
            1..=4 => sleep(millis(3)).await,
            _ => {}
        }
        while let Some(joined) = tasks.try_join_next() {
            check(joined);
        }
        let status = desk.status();
        if status.state == ActorState::Restarting {
            // Asks that are given up while they wait for the next incarnation.
            if dice.roll(2) == 0 {
                tasks.abort_all();
            }
            sleep(millis(2)).await;
        }
        // It may have stopped itself, or have been given up.
        let is_asked = dice.roll(200) == 0;
        if is_asked || desk.stop_reason().is_some() {
            let receipt = desk.stop_by(Instant::now() + millis(dice.roll(5))).await;
            assert_eq!(receipt, desk.stopped().await);
            stops += 1;
            restarts += desk.status().restarts;
            desk = tireless(&system);
        }
        let audit = system.audit();
        assert!(audit.balances(), "{audit:?}");
    }
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    while let Some(joined) = tasks.join_next().await {
        check(joined);
    }
    let audit = system.audit();
    // Some tasks were aborted before they had sent anything.
    assert!(audit.balances() && audit.in_flight == 0 && audit.sent <= messages + 100, "{audit:?}");
    assert_eq!(system.dead_letters().counts().total(), audit.dead);
    // Nothing of what this is about was missing.
    let counts = system.dead_letters().counts();
    assert!(stops > 5 && restarts > 10, "{stops} stops, {restarts} restarts");
    assert!(counts.panicked > 5 && counts.poison > 0 && counts.stopped > 0 && counts.abandoned > 0, "{counts:?}");
    assert!(audit.handled > messages / 2 && audit.rejected > 0, "{audit:?}");
}
