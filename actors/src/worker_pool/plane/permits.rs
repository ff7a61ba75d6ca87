//! The limit of both classes together.

use parking_lot::Mutex;

use crate::worker_pool::JobClass;

/// As many permits as jobs of both classes may run. Where both classes want one, they take turns.
pub(crate) struct Permits {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Permits that are out, with those that are granted.
    used: usize,
    /// Set aside for a class that has not come for it yet.
    granted: [usize; 2],
    /// Came in vain since the last grant.
    wanting: [bool; 2],
}

impl Permits {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Whether [`enter`](Self::enter) would succeed now; asked by a class that has a job. If not, it is called when
    /// it is its turn.
    pub(crate) fn is_open(&self, class: JobClass) -> bool {
        let mut state = self.state.lock();
        let is_open = state.granted[class as usize] > 0 || state.used < self.limit;
        state.wanting[class as usize] |= !is_open;
        is_open
    }

    /// How many permits this class could take now.
    pub(crate) fn left(&self, class: JobClass) -> usize {
        let state = self.state.lock();
        state.granted[class as usize] + (self.limit - state.used)
    }

    /// Takes a permit; where there is none, the class is called when it is its turn.
    pub(crate) fn enter(&self, class: JobClass) -> bool {
        let mut state = self.state.lock();
        if state.granted[class as usize] > 0 {
            state.granted[class as usize] -= 1;
            return true;
        }
        if state.used < self.limit {
            state.used += 1;
            return true;
        }
        state.wanting[class as usize] = true;
        false
    }

    /// Gives a permit back.
    #[must_use]
    pub(crate) fn leave(&self, class: JobClass) -> Option<Freed> {
        Self::pass_on(&mut self.state.lock(), class)
    }

    /// Gives a permit back that was granted to a class which doesn't come for it, unless it has.
    #[must_use]
    pub(crate) fn decline(&self, class: JobClass) -> Option<Freed> {
        let mut state = self.state.lock();
        state.granted[class as usize] = state.granted[class as usize].checked_sub(1)?;
        Self::pass_on(&mut state, class)
    }

    fn pass_on(state: &mut State, from: JobClass) -> Option<Freed> {
        let other = match from {
            JobClass::Cpu => JobClass::Io,
            JobClass::Io => JobClass::Cpu,
        };
        if std::mem::take(&mut state.wanting[other as usize]) {
            // Not left for anybody to take: whoever has just had it would come first, again and again.
            state.granted[other as usize] += 1;
            return Some(Freed { class: other, is_granted: true });
        }
        state.used -= 1;
        std::mem::take(&mut state.wanting[from as usize]).then_some(Freed { class: from, is_granted: false })
    }
}

/// Who is to be called for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freed {
    pub(crate) class: JobClass,
    /// It is set aside for that class, which must come for it or [decline](Permits::decline).
    pub(crate) is_granted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: JobClass = JobClass::Cpu;
    const IO: JobClass = JobClass::Io;

    fn granted(class: JobClass) -> Option<Freed> {
        Some(Freed { class, is_granted: true })
    }

    #[test]
    fn the_classes_take_turns_and_never_exceed_the_limit() {
        let permits = Permits::new(1);
        assert!(permits.enter(IO));
        assert!(!permits.enter(CPU));
        assert_eq!(permits.leave(IO), granted(CPU));
        // It is set aside: the one that has left can't have it again.
        assert!(!permits.enter(IO));
        assert!(permits.enter(CPU));
        assert_eq!(permits.leave(CPU), granted(IO));
        assert!(permits.enter(IO));
        assert_eq!(permits.leave(IO), None);
        assert!(permits.is_open(CPU) && permits.is_open(IO));
    }

    #[test]
    fn what_a_class_declines_is_not_lost() {
        let permits = Permits::new(1);
        assert!(permits.enter(IO));
        assert!(!permits.is_open(CPU));
        assert_eq!(permits.leave(IO), granted(CPU));
        assert!(!permits.is_open(IO));
        // What the threads had to do was cancelled meanwhile.
        assert_eq!(permits.decline(CPU), granted(IO));
        assert!(permits.enter(IO));
        assert_eq!(permits.decline(IO), None, "it has come for it");
        assert_eq!(permits.leave(IO), None);
        assert!(permits.enter(CPU));
    }
}
