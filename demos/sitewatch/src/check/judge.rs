//! What became of each link, once everything is known.

use super::targets::{Id, Role, Targets};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open};
use crate::report::{Reason, Status};

/// What became of one link: the reason, what led there, and the failure where a target has one.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    pub(crate) reason: Reason,
    /// The targets that redirects led to, in order.
    pub(crate) chain: Vec<Id>,
    pub(crate) failure: Option<&'a Answer>,
}

/// Follows a link to where it ends.
pub(crate) fn judge<'a>(targets: &'a Targets, open: &Open, max_redirects: u32) -> Judgement<'a> {
    let mut at = match open.leads {
        Leads::Malformed => return Judgement::of(Reason::MalformedUrl),
        Leads::Skip(reason) => return Judgement::of(reason),
        Leads::To(id) => id,
    };
    let start = at;
    let mut fragment = open.fragment;
    let mut chain = Vec::new();
    let mut permanent = true;
    loop {
        let target = targets.get(at);
        let (status, next) = match target.role {
            Role::Missing => return Judgement { reason: Reason::MissingFile, chain, failure: None },
            Role::Slash(to) => (301, to),
            Role::File => return Judgement::there(chain, permanent),
            // A redirect to where we don't go: it leads somewhere, and that is all we ask.
            Role::Skipped(_) if !chain.is_empty() => return Judgement::there(chain, permanent),
            Role::Skipped(reason) => return Judgement::of(reason),
            Role::Page | Role::External => match target.visit.as_ref().map(|visit| (&visit.answer, &visit.page)) {
                None => return Judgement { reason: target.unvisited, chain, failure: None },
                Some((Answer::Ok, page)) => {
                    let lacks = fragment != NO_FRAGMENT && page.as_ref().is_some_and(|page| !page.has_anchor(fragment));
                    if lacks {
                        return Judgement { reason: Reason::MissingFragment, chain, failure: None };
                    }
                    return Judgement::there(chain, permanent);
                }
                Some((Answer::Redirect { status, to, fragment: own }, _)) => {
                    if *own != NO_FRAGMENT {
                        fragment = *own;
                    }
                    (*status, *to)
                }
                Some((answer, _)) if answer.reason().status() == Status::Skipped && !chain.is_empty() => {
                    return Judgement::there(chain, permanent);
                }
                Some((answer, _)) => return Judgement { reason: answer.reason(), chain, failure: Some(answer) },
            },
        };
        permanent &= matches!(status, 301 | 308);
        let circle = next == start || chain.contains(&next);
        chain.push(next);
        if circle {
            return Judgement { reason: Reason::RedirectLoop, chain, failure: None };
        }
        if chain.len() > max_redirects as usize {
            return Judgement { reason: Reason::TooManyRedirects, chain, failure: None };
        }
        at = next;
    }
}

impl Judgement<'_> {
    fn of(reason: Reason) -> Self {
        Self { reason, chain: Vec::new(), failure: None }
    }

    fn there(chain: Vec<Id>, permanent: bool) -> Self {
        let reason = match (chain.is_empty(), permanent) {
            (true, _) => Reason::Ok,
            (false, true) => Reason::MovedPermanently,
            (false, false) => Reason::MovedTemporarily,
        };
        Self { reason, chain, failure: None }
    }
}
