//! What a user has done to a connection that the next one would notice.

use ::redis::{Arg, Cmd};

/// What is known of a connection's state at the server.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Sent, and not answered yet. While nobody asks, that is: its answer was given up.
    asked: Option<Effect>,
    /// Answers are still to come that nobody waits for.
    unanswered: bool,
    /// It is to be closed instead of used again.
    spoilt: bool,
    in_multi: bool,
    watching: bool,
}

/// What becomes of a connection by a command, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Nothing,
    Unwatch,
    /// `EXEC` or `DISCARD`.
    EndMulti,
    Watch,
    Multi,
    /// Its answer may take for ever.
    Blocks,
    /// It is not the connection any more that it was when it was opened.
    Spoils,
}

/// Commands that wait for something.
const BLOCKING: [&[u8]; 11] = [
    b"BLPOP",
    b"BRPOP",
    b"BLMOVE",
    b"BLMPOP",
    b"BRPOPLPUSH",
    b"BZPOPMIN",
    b"BZPOPMAX",
    b"BZMPOP",
    b"XREAD",
    b"XREADGROUP",
    b"WAIT",
];

/// Commands that change what the next user finds: the database, the user, the protocol, what comes in.
const SPOILING: [&[u8]; 9] =
    [b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR", b"SELECT", b"AUTH", b"HELLO", b"RESET", b"QUIT"];

/// What `CLIENT` can be asked for without a consequence.
const LOOKING: [&[u8]; 4] = [b"ID", b"INFO", b"LIST", b"GETNAME"];

impl Effect {
    pub(super) fn of(cmd: &Cmd) -> Self {
        let mut args = cmd.args_iter();
        let Some(Arg::Simple(name)) = args.next() else { return Self::Nothing };
        if is_one_of(name, &[b"MULTI"]) {
            Self::Multi
        } else if is_one_of(name, &[b"EXEC", b"DISCARD"]) {
            Self::EndMulti
        } else if is_one_of(name, &[b"WATCH"]) {
            Self::Watch
        } else if is_one_of(name, &[b"UNWATCH"]) {
            Self::Unwatch
        } else if is_one_of(name, &[b"CLIENT"]) {
            match args.next() {
                Some(Arg::Simple(what)) if is_one_of(what, &LOOKING) => Self::Nothing,
                _ => Self::Spoils,
            }
        } else if is_one_of(name, &SPOILING) {
            Self::Spoils
        } else if is_one_of(name, &BLOCKING) {
            Self::Blocks
        } else {
            Self::Nothing
        }
    }
}

fn is_one_of(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl Session {
    /// A command is sent.
    pub(super) fn ask(&mut self, effect: Effect) {
        self.give_up();
        self.asked = Some(effect);
    }

    /// It was answered.
    pub(super) fn answered(&mut self) {
        if let Some(effect) = self.asked.take() {
            self.apply(effect);
        }
    }

    /// Several commands were answered at once.
    pub(super) fn answered_all(&mut self, effects: impl Iterator<Item = Effect>) {
        self.asked = None;
        effects.for_each(|effect| self.apply(effect));
    }

    /// The connection is broken.
    pub(super) fn broke(&mut self) {
        self.spoilt = true;
    }

    /// Nobody waits any more for what was asked last.
    fn give_up(&mut self) {
        if let Some(effect) = self.asked.take() {
            self.unanswered = true;
            self.spoilt |= effect == Effect::Blocks;
            self.apply(effect);
        }
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Nothing | Effect::Blocks => {}
            Effect::Multi => self.in_multi = true,
            Effect::EndMulti => (self.in_multi, self.watching) = (false, false),
            Effect::Watch => self.watching = true,
            Effect::Unwatch => self.watching = false,
            Effect::Spoils => self.spoilt = true,
        }
    }

    /// Whether it can't be used again.
    pub(super) fn is_spoilt(&mut self) -> bool {
        self.give_up();
        self.spoilt || self.in_multi
    }

    /// Whether it can be used again only after a check.
    pub(super) fn needs_check(&self) -> bool {
        self.unanswered || self.watching
    }

    pub(super) fn is_watching(&self) -> bool {
        self.watching
    }

    /// All was answered, and nothing is watched.
    pub(super) fn tidied(&mut self) {
        (self.unanswered, self.watching) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(words: &str) -> Effect {
        let mut words = words.split(' ');
        let mut cmd = ::redis::cmd(words.next().unwrap_or_default());
        words.for_each(|word| {
            cmd.arg(word);
        });
        Effect::of(&cmd)
    }

    #[test]
    fn commands_are_known_by_their_names_in_any_case() {
        assert_eq!(effect("get key"), Effect::Nothing);
        assert_eq!(effect("multi"), Effect::Multi);
        assert_eq!(effect("DISCARD"), Effect::EndMulti);
        assert_eq!(effect("Select 3"), Effect::Spoils);
        assert_eq!(effect("blpop queue 0"), Effect::Blocks);
        assert_eq!(effect("client id"), Effect::Nothing);
        assert_eq!(effect("client reply off"), Effect::Spoils);
    }

    #[test]
    fn what_was_given_up_may_have_had_its_effect() {
        let mut session = Session::default();
        session.ask(Effect::Nothing);
        session.answered();
        assert!(!session.is_spoilt() && !session.needs_check());
        session.ask(Effect::Watch);
        assert!(!session.is_spoilt() && session.needs_check());
        session.tidied();
        session.ask(Effect::Multi);
        assert!(session.is_spoilt());
        session.ask(Effect::EndMulti);
        session.answered();
        assert!(!session.is_spoilt());
        session.ask(Effect::Blocks);
        assert!(session.is_spoilt());
    }
}
