//! The token under the model checker: see [`crate::model`].
use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::{CancelCause, CancelKind};
use crate::model::check;

/// What the token is made of here.
mod sync {
    pub(super) use loom::sync::atomic::AtomicBool;

    pub(super) use crate::model::{Mutex, Notify, OnceLock};
}

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "token.rs"]
mod token;

use token::CancelToken;

/// Cancels it on another thread; the thread says whether it was the first.
fn cancel(token: &CancelToken, message: &'static str) -> JoinHandle<bool> {
    let token = token.clone();
    thread::spawn(move || token.cancel(message))
}

fn cause(token: &CancelToken) -> String {
    token.cause().expect("it is cancelled").message().to_owned()
}

#[test]
fn who_sees_the_flag_finds_a_cause() {
    check(|| {
        let token = CancelToken::new();
        let cancelling = cancel(&token, "stop");
        if token.is_cancelled() {
            assert_eq!(cause(&token), "stop");
        }
        assert!(cancelling.join().unwrap());
        assert_eq!(cause(&token), "stop");
    });
}

#[test]
fn of_two_causes_one_is_the_first_and_stays() {
    check(|| {
        let token = CancelToken::new();
        let one = cancel(&token, "one");
        let other = token.cancel("other");
        // Also for the one that came second: what it asked for is so.
        assert!(token.is_cancelled());
        let seen = cause(&token);
        let one = one.join().unwrap();
        assert_ne!(one, other);
        assert_eq!(seen, if one { "one" } else { "other" });
        assert_eq!(cause(&token), seen);
    });
}

#[test]
fn whoever_waits_is_woken_however_late_it_comes() {
    check(|| {
        let token = CancelToken::new();
        let cancelling = cancel(&token, "stop");
        assert_eq!(block_on(token.cancelled()).message(), "stop");
        cancelling.join().unwrap();
    });
}

#[test]
fn all_who_wait_are_woken() {
    check(|| {
        let token = CancelToken::new();
        let other = {
            let token = token.clone();
            thread::spawn(move || block_on(token.cancelled()).message().to_owned())
        };
        let cancelling = cancel(&token, "stop");
        assert_eq!(block_on(token.cancelled()).message(), "stop");
        assert_eq!(other.join().unwrap(), "stop");
        cancelling.join().unwrap();
    });
}

#[test]
fn a_child_born_during_a_cancellation_is_cancelled() {
    check(|| {
        let parent = CancelToken::new();
        let cancelling = cancel(&parent, "stop");
        let child = parent.child();
        cancelling.join().unwrap();
        assert_eq!(cause(&child), "stop");
    });
}

#[test]
fn a_cancellation_passes_through_a_token_that_nobody_holds() {
    check(|| {
        let root = CancelToken::new();
        let leaf = root.child().child();
        let cancelling = cancel(&root, "stop");
        assert_eq!(block_on(leaf.cancelled()).message(), "stop");
        cancelling.join().unwrap();
    });
}

#[test]
fn a_child_may_end_and_another_be_born_while_the_parent_is_cancelled() {
    check(|| {
        let parent = CancelToken::new();
        let old = parent.child();
        let cancelling = cancel(&parent, "stop");
        let ending = thread::spawn(move || drop(old));
        let new = parent.child();
        ending.join().unwrap();
        cancelling.join().unwrap();
        assert!(new.is_cancelled());
    });
}

#[test]
fn parent_and_child_may_be_cancelled_at_once() {
    check(|| {
        let parent = CancelToken::new();
        let child = parent.child();
        let above = cancel(&parent, "parent");
        let below = cancel(&child, "child");
        assert!(above.join().unwrap());
        let first = below.join().unwrap();
        assert_eq!(cause(&parent), "parent");
        assert_eq!(cause(&child), if first { "child" } else { "parent" });
    });
}

#[test]
fn the_last_handles_of_parent_and_child_may_go_at_once() {
    check(|| {
        let parent = CancelToken::new();
        let child = parent.child();
        let sibling = parent.child();
        let ending = thread::spawn(move || drop(child));
        drop(parent);
        let grandchild = sibling.child();
        sibling.cancel("stop");
        assert!(grandchild.is_cancelled());
        ending.join().unwrap();
    });
}

#[test]
fn the_kind_of_a_cause_reaches_the_children() {
    check(|| {
        let parent = CancelToken::new();
        let child = parent.child();
        let cancelling = {
            let parent = parent.clone();
            thread::spawn(move || parent.cancel_with(CancelCause::new(CancelKind::Shutdown, "")))
        };
        assert_eq!(block_on(child.cancelled()).kind(), CancelKind::Shutdown);
        assert!(parent.is_cancelled(), "before its children");
        cancelling.join().unwrap();
    });
}
