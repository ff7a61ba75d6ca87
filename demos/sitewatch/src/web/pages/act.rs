//! The buttons, and what they do.

use actix_web::web::{Form, Path};
use actix_web::{Error, HttpResponse};
use maud::{Markup, html};
use serde::Deserialize;

use super::query::{is_local, job_path, queue_path, site_path};
use super::text::shown;
use super::{Refusal, Visit};
use crate::service::{Acted, Action, Activity, JobAction, JobState, JobView, QueueAction, QueueView, SiteView};

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

    /// Where it goes on, here or where it usually does, and what is said there.
    fn back(self, acted: Acted, usual: String) -> (String, String) {
        (if is_local(&self.back) { self.back } else { usual }, acted.message)
    }
}

pub(super) async fn act(visit: Visit, path: Path<(String, String)>, form: Result<Form<Sent>, Error>) -> HttpResponse {
    let (name, action) = path.into_inner();
    led_back(&visit, done(&visit, &name, &action, form).await).await
}

pub(super) async fn act_on_job(
    visit: Visit,
    path: Path<(String, String)>,
    form: Result<Form<Sent>, Error>,
) -> HttpResponse {
    let (id, action) = path.into_inner();
    led_back(&visit, done_to_job(&visit, &id, &action, form).await).await
}

pub(super) async fn act_on_queue(
    visit: Visit,
    path: Path<(String, String)>,
    form: Result<Form<Sent>, Error>,
) -> HttpResponse {
    let (name, action) = path.into_inner();
    led_back(&visit, done_to_queue(&visit, &name, &action, form).await).await
}

/// Where it goes on, and what is said there; or why nothing was done.
async fn led_back(visit: &Visit, done: Result<(String, String), Refusal>) -> HttpResponse {
    match done {
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
    Ok(sent.back(acted, site_path(name, "")))
}

async fn done_to_job(
    visit: &Visit,
    id: &str,
    action: &str,
    form: Result<Form<Sent>, Error>,
) -> Result<(String, String), Refusal> {
    let action = JobAction::ALL.into_iter().find(|known| known.as_str() == action).ok_or_else(Refusal::nothing_here)?;
    let sent = Sent::admit(form, visit)?;
    let acted = visit.watch.queue()?.change_job(id, action).await?;
    Ok(sent.back(acted, job_path(id, "")))
}

async fn done_to_queue(
    visit: &Visit,
    name: &str,
    action: &str,
    form: Result<Form<Sent>, Error>,
) -> Result<(String, String), Refusal> {
    let action = QueueAction::ALL.into_iter().find(|known| known.as_str() == action);
    let action = action.ok_or_else(Refusal::nothing_here)?;
    let sent = Sent::admit(form, visit)?;
    let acted = visit.watch.queue()?.change_queue(name, action).await?;
    Ok(sent.back(acted, "/workers".to_owned()))
}

/// The buttons that make sense for a job as it is now; none for who may not press them.
pub(super) fn job_buttons(visit: &Visit, job: &JobView) -> Markup {
    let Some(csrf) = visit.csrf.as_deref() else { return html! {} };
    let actions: &[(JobAction, &str)] = match job.state {
        // One that waits for its next attempt may have it at once.
        JobState::Waiting if job.due > visit.now => &[(JobAction::Retry, "Do it now"), (JobAction::Cancel, "Cancel")],
        JobState::Waiting | JobState::Running => &[(JobAction::Cancel, "Cancel")],
        JobState::Dead | JobState::Cancelled => &[(JobAction::Retry, "Retry")],
        JobState::Done => &[],
    };
    html! {
        div.buttons {
            @for (action, word) in actions {
                @let path = job_path(&job.id, &format!("/{action}"));
                (button(visit, csrf, &path, action.as_str(), word, &job.id))
            }
        }
    }
}

/// The buttons that make sense for a queue as it is now; none for who may not press them.
pub(super) fn queue_buttons(visit: &Visit, queue: &QueueView) -> Markup {
    let Some(csrf) = visit.csrf.as_deref() else { return html! {} };
    let paused = if queue.paused { (QueueAction::Resume, "Resume") } else { (QueueAction::Pause, "Pause") };
    let retry = (queue.dead > 0).then_some((QueueAction::Retry, "Retry the dead"));
    html! {
        div.buttons {
            @for (action, word) in [Some(paused), retry].into_iter().flatten() {
                @let path = queue_path(&queue.name, &format!("/{action}"));
                (button(visit, csrf, &path, action.as_str(), word, &queue.name))
            }
        }
    }
}

/// A button that sends nothing but who may press it, and leads back. Of what it is, who hears it is told, too.
fn button(visit: &Visit, csrf: &str, path: &str, key: &str, word: &str, of: &str) -> Markup {
    html! {
        form method="post" action=(path) data-key=(key) {
            input type="hidden" name="csrf" value=(csrf);
            input type="hidden" name="back" value=(visit.here());
            button type="submit" { (word) span.unseen { " " (shown(of)) } }
        }
    }
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
