//! What the channels of a site are told of a run.

use super::config::{ServiceConfig, SiteConfig, Told};
use super::view::{FindingView, RunState};
use crate::notify::{Notice, NoticeKind};
use crate::store::{Ended, Outcome};

/// A run that has ended, and what there is to say of it.
pub(super) struct Story<'a> {
    pub(super) service: &'a ServiceConfig,
    pub(super) site: &'a str,
    pub(super) config: &'a SiteConfig,
    pub(super) ended: &'a Ended,
    /// Whether the run before could not be made.
    pub(super) was_failing: bool,
    /// Where people can look at the site.
    pub(super) link: Option<String>,
}

impl Story<'_> {
    /// The notices of a run, each with the channel that it is for.
    pub(super) fn notices(&self, outcome: &Outcome<'_>) -> Vec<(String, Notice)> {
        let Self { service, site, config, ended, .. } = self;
        let mut notices = Vec::new();
        for name in &config.notify {
            let Some(channel) = service.notify.get(name) else { continue };
            let on = |told| channel.on.contains(&told);
            let notice = |kind| {
                let notice = Notice::new(kind, *site, &*config.target, ended.run, ended.at);
                Notice { total_broken: outcome.broken, url: self.link.clone(), ..notice }
            };
            if ended.state == RunState::Failed {
                // Once, and not with every check that fails after it.
                if on(Told::Failing) && !self.was_failing {
                    let why = ended.why.clone();
                    notices.push((name.clone(), Notice { why, ..notice(NoticeKind::Failing) }));
                }
                continue;
            }
            if ended.state != RunState::Done {
                continue;
            }
            if self.was_failing && on(Told::Failing) {
                notices.push((name.clone(), notice(NoticeKind::Recovered)));
            }
            let broken = outcome.new.iter().filter(|_| on(Told::Broken)).map(|link| FindingView {
                id: 0,
                site: (*site).to_owned(),
                page: link.page.to_owned(),
                line: link.line,
                column: link.column,
                text: link.text.to_owned(),
                link: link.link.to_owned(),
                url: link.url.to_owned(),
                reason: link.verdict.reason.code().to_string(),
                message: link.verdict.to_string(),
                redirects: link.verdict.redirects.iter().map(ToString::to_string).collect(),
                first_seen: ended.at,
                last_seen: ended.at,
                times: 1,
                fixed_at: None,
            });
            let fixed = outcome.fixed.iter().filter(|_| on(Told::Fixed)).cloned();
            let changed = notice(NoticeKind::Changed).with_broken(broken).with_fixed(fixed);
            if changed.newly_broken() + changed.newly_fixed() > 0 {
                notices.push((name.clone(), changed));
            }
        }
        notices
    }
}
