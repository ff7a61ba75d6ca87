//! The buttons, and what they do.

use actix_web::web::{Form, Path};
use actix_web::{Error, HttpResponse};
use maud::{Markup, html};
use serde::Deserialize;

use super::query::{is_local, site_path};
use super::text::shown;
use super::{Refusal, Visit};
use crate::service::{Action, Activity, SiteView};

/// The schedule of a site that is only checked when somebody asks, in words.
const BY_HAND: &str = "by hand";

/// What a button's form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    csrf: String,
    /// The page that it is on.
    back: String,
}

impl Sent {
    /// Whether who sent it may act, and meant to.
    ///
    /// # Errors
    ///
    /// As a page: it was sent by another site's page, by nobody who is known, or by a page of another session.
    pub(super) fn admit(form: Result<Form<Self>, Error>, visit: &Visit) -> Result<Self, Refusal> {
        if visit.auth.is_cross_site(&visit.request) {
            return Err(Refusal::cross_site());
        }
        if !visit.is_known() {
            return Err(Refusal::login_needed());
        }
        let sent = form.map(Form::into_inner).map_err(|_| Refusal::stale_form())?;
        if visit.auth.csrf_holds(&visit.request, &sent.csrf) { Ok(sent) } else { Err(Refusal::stale_form()) }
    }
}

pub(super) async fn act(visit: Visit, path: Path<(String, String)>, form: Result<Form<Sent>, Error>) -> HttpResponse {
    let (name, action) = path.into_inner();
    match done(&visit, &name, &action, form).await {
        Ok((back, message)) => visit.back(&back, &message),
        Err(refusal) => visit.answer(Err(refusal)).await,
    }
}

async fn done(
    visit: &Visit,
    name: &str,
    action: &str,
    form: Result<Form<Sent>, Error>,
) -> Result<(String, String), Refusal> {
    let action = Action::ALL.into_iter().find(|known| known.as_str() == action).ok_or_else(Refusal::nothing_here)?;
    let sent = Sent::admit(form, visit)?;
    let acted = visit.watch.act(name, action).await?;
    let back = if is_local(&sent.back) { sent.back } else { site_path(name, "") };
    Ok((back, acted.message))
}

/// The buttons that make sense for a site as it is now; none for who may not press them.
pub(super) fn buttons(visit: &Visit, site: &SiteView) -> Markup {
    let Some(csrf) = visit.csrf.as_deref().filter(|_| site.live) else { return html! {} };
    // Where there is no schedule there is nothing to pause.
    let by_hand = site.schedule == BY_HAND;
    let actions: &[Action] = match site.activity {
        Activity::Idle if by_hand => &[Action::Check],
        Activity::Idle => &[Action::Check, Action::Pause],
        Activity::Waiting if by_hand => &[],
        Activity::Waiting if site.paused => &[Action::Resume],
        Activity::Waiting => &[Action::Pause],
        Activity::Checking if by_hand => &[Action::Cancel],
        Activity::Checking if site.paused => &[Action::Cancel, Action::Resume],
        Activity::Checking => &[Action::Cancel, Action::Pause],
        Activity::Paused => &[Action::Check, Action::Resume],
    };
    html! {
        div.buttons {
            @for &action in actions {
                form method="post" action=(site_path(&site.name, &format!("/{action}"))) data-key=(action.as_str()) {
                    input type="hidden" name="csrf" value=(csrf);
                    input type="hidden" name="back" value=(visit.here());
                    button.primary[action == Action::Check] type="submit" {
                        (word(action)) span.unseen { " " (shown(&site.name)) }
                    }
                }
            }
        }
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Check => "Check now",
        Action::Pause => "Pause",
        Action::Resume => "Resume",
        Action::Cancel => "Cancel",
    }
}
