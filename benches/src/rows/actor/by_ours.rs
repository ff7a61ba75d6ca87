use actors::{ActorConfig, Handle, Lane, System};

use super::counter::{Add, Counter, Sum};
use super::elsewhere::Elsewhere;
use super::{CAPACITY, Summing};

/// On the thread of whoever starts them, as that has a runtime of one thread.
#[derive(Clone)]
pub(super) struct ByOurs(Handle<Counter>);

impl Summing for ByOurs {
    async fn start(actors: usize, capacity: usize) -> Vec<Self> {
        // It lives as long as its actors.
        let system = System::start().expect("a system starts");
        (0..actors).map(|_| spawn(&system, capacity)).collect()
    }

    async fn tell(&self, n: u64) {
        self.0.tell(Add(n)).await.expect("the actor is there");
    }

    async fn ask(&self, n: u64) -> u64 {
        self.0.ask(Sum(n)).await.expect("the actor is there")
    }

    /// On a thread that the system brings, as in any program with a runtime of several threads.
    fn elsewhere() -> (Self, Option<Elsewhere>) {
        let system = System::builder().own_thread().start().expect("a system starts");
        (spawn(&system, CAPACITY), None)
    }
}

fn spawn(system: &System, capacity: usize) -> ByOurs {
    ByOurs(system.spawn(ActorConfig::named("counter").capacity(Lane::Interactive, capacity), Counter::default))
}
