//! What became of each link, once everything is known.

use super::targets::{Id, Role, Targets};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open};
use crate::report::{Reason, Status, Verdict};

/// What became of one link, and what led there.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// The targets that redirects led to, in order.
    pub(crate) chain: Vec<Id>,
}

/// Follows a link to where it ends.
pub(crate) fn judge(targets: &Targets, open: &Open, max_redirects: u32) -> Judgement {
    let mut at = match open.leads {
        Leads::Nowhere(reason) => return Judgement::of(reason),
        Leads::To(id) => id,
    };
    let start = at;
    let mut fragment = open.fragment;
    let mut chain = Vec::new();
    let mut permanent = true;
    loop {
        let target = targets.get(at);
        let (status, next) = match target.role {
            Role::Missing => return Judgement { verdict: Reason::MissingFile.into(), chain },
            Role::Slash(to) => (301, to),
            Role::File => return Judgement::there(chain, permanent),
            // A redirect to where we don't go: it leads somewhere, and that is all we ask.
            Role::Skipped(_) if !chain.is_empty() => return Judgement::there(chain, permanent),
            Role::Skipped(reason) => return Judgement::of(reason),
            Role::Page | Role::External => match target.visit.as_ref().map(|visit| (&visit.answer, &visit.page)) {
                None => return Judgement { verdict: target.unvisited.into(), chain },
                Some((Answer::Ok, page)) => {
                    let lacks = fragment != NO_FRAGMENT && page.as_ref().is_some_and(|page| !page.has_anchor(fragment));
                    if lacks {
                        return Judgement { verdict: Reason::MissingFragment.into(), chain };
                    }
                    return Judgement::there(chain, permanent);
                }
                Some((Answer::Redirect { status, to, fragment: own }, _)) => {
                    if *own != NO_FRAGMENT {
                        fragment = *own;
                    }
                    (*status, *to)
                }
                Some((answer, _)) => {
                    let verdict = answer.verdict();
                    if verdict.status() == Status::Skipped && !chain.is_empty() {
                        return Judgement::there(chain, permanent);
                    }
                    return Judgement { verdict, chain };
                }
            },
        };
        permanent &= matches!(status, 301 | 308);
        let circle = next == start || chain.contains(&next);
        chain.push(next);
        if circle {
            return Judgement { verdict: Reason::RedirectLoop.into(), chain };
        }
        if chain.len() > max_redirects as usize {
            return Judgement { verdict: Reason::TooManyRedirects.into(), chain };
        }
        at = next;
    }
}

impl Judgement {
    fn of(reason: Reason) -> Self {
        Self { verdict: reason.into(), chain: Vec::new() }
    }

    fn there(chain: Vec<Id>, permanent: bool) -> Self {
        let reason = match (chain.is_empty(), permanent) {
            (true, _) => Reason::Ok,
            (false, true) => Reason::MovedPermanently,
            (false, false) => Reason::MovedTemporarily,
        };
        Self { verdict: reason.into(), chain }
    }
}
