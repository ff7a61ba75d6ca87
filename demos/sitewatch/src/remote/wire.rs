//! What goes through the queue: what is asked, and how it was answered.
//!
//! It is read by another program, maybe of another version: a change that one of an earlier version would misunderstand
//! needs another [kind](actors::jobs::Job::KIND).

use std::time::Duration;

use actors::jobs::JobId;
use serde::{Deserialize, Serialize};

use crate::check::Want;
use crate::fetch::{HttpConfig, Validators};
use crate::report::{Reason, Verdict};

/// One address that is to be asked for, by these settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchJob {
    /// The [errand](super::Errand) that it belongs to: what is learned of a host holds for all of it.
    pub(crate) errand: String,
    pub(crate) url: String,
    pub(crate) want: Asked,
    /// It is wanted only if it is not as it was when it had these.
    #[serde(default, skip_serializing_if = "Validators::is_empty")]
    pub(crate) since: Validators,
    /// How many links of a page are kept.
    pub(crate) links: usize,
    /// The site whose credentials are used. They are not here: whoever takes this has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<String>,
    /// What lies between two requests to its host at least, by what the host has said.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub(crate) spacing: Duration,
    /// Without credentials, and without whom they are for.
    pub(crate) http: HttpConfig,
}

/// How much of it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    Page,
    Probe,
}

impl From<Want> for Asked {
    fn from(want: Want) -> Self {
        match want {
            Want::Page => Self::Page,
            Want::Probe => Self::Probe,
        }
    }
}

impl Asked {
    fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Probe => "probe",
        }
    }
}

/// How it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// A page, with what it holds.
    Html { hash: String, validators: Validators, outline: Kept },
    /// A page, of which only this was asked.
    IsHtml,
    /// Something else that is there.
    Other,
    /// It is as it was.
    NotModified,
    /// It is elsewhere.
    Redirect { status: u16, to: String },
    /// It could not be had: the reason's code, and more about it.
    Failed { reason: String, detail: Option<String> },
}

/// Where the outline of a page is: packed, as Base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    Here(String),
    /// In so many [parts](super::part_job::PartJob), as no engine takes it as a whole.
    Parts(u32),
}

impl From<Verdict> for Found {
    fn from(verdict: Verdict) -> Self {
        Self::Failed { reason: verdict.reason.code().to_string(), detail: verdict.detail.map(Into::into) }
    }
}

/// What could not be had, as a check knows it.
pub(crate) fn verdict(reason: &str, detail: Option<String>) -> Verdict {
    let verdict = Verdict::new(reason.parse().unwrap_or(Reason::Failed));
    match detail {
        Some(detail) => verdict.detail(detail),
        None => verdict,
    }
}

impl FetchJob {
    /// The id of what is asked: the same in every life of the program that asks. The answer to "has it changed since" is
    /// another one for each of those who ask, so that is a part of it.
    pub(crate) fn question(&self) -> JobId {
        let of = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!("={text}"));
        let (etag, modified) = (of(&self.since.etag), of(&self.since.last_modified));
        JobId::of(&["sitewatch", &self.errand, self.want.name(), &self.url, &etag, &modified])
    }
}

/// The id of a question that is asked for the `nth` time.
pub(crate) fn asked(question: JobId, nth: u32) -> JobId {
    JobId::of(&["sitewatch asks", &question.to_string(), &nth.to_string()])
}

/// The id of a part of what a job has found.
pub(crate) fn part_of(job: JobId, nth: u32) -> JobId {
    JobId::of(&["sitewatch part", &job.to_string(), &nth.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::config::Secret;

    fn job() -> FetchJob {
        let credentials = [("authorization".to_owned(), Secret::new("Bearer hunter2"))].into();
        FetchJob {
            errand: "docs 7".to_owned(),
            url: "http://a.example/".to_owned(),
            want: Asked::Page,
            since: Validators { etag: Some("\"v1\"".to_owned()), last_modified: None },
            links: 10,
            identity: Some("docs".to_owned()),
            spacing: Duration::from_millis(1_500),
            http: HttpConfig { rate: 2.5, credentials, ..HttpConfig::default() },
        }
    }

    #[test]
    fn a_job_is_read_as_it_was_written_but_for_secrets() {
        let text = serde_json::to_string(&job()).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        let mut wanted = job();
        wanted.http.credentials.clear();
        assert_eq!(serde_json::from_str::<FetchJob>(&text).unwrap(), wanted);
        let later = text.replacen('{', r#"{"cookies":true,"#, 1);
        assert!(serde_json::from_str::<FetchJob>(&later).is_err(), "nothing is left out in silence");
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let validators = Validators { etag: None, last_modified: Some("yesterday".to_owned()) };
        for found in [
            Found::Html { hash: "aa".to_owned(), validators, outline: Kept::Here("eJw=".to_owned()) },
            Found::Html { hash: "aa".to_owned(), validators: Validators::default(), outline: Kept::Parts(3) },
            Found::IsHtml,
            Found::Other,
            Found::NotModified,
            Found::Redirect { status: 308, to: "http://b.example/".to_owned() },
            Found::Failed { reason: "http-404".to_owned(), detail: None },
        ] {
            let text = serde_json::to_string(&found).unwrap();
            assert_eq!(serde_json::from_str::<Found>(&text).unwrap(), found, "{text}");
        }
    }

    #[test]
    fn a_verdict_survives_and_an_unknown_reason_is_a_failure_with_its_words() {
        let known = Verdict::new(Reason::Tls).detail("certificate expired");
        let Found::Failed { reason, detail } = known.clone().into() else { unreachable!("made of a verdict") };
        assert_eq!(verdict(&reason, detail), known);
        assert_eq!(verdict("haunted", Some("boo".to_owned())), Verdict::new(Reason::Failed).detail("boo"));
    }

    #[test]
    fn what_is_asked_with_other_validators_is_another_question_and_its_settings_are_not_part_of_it() {
        let (job, mut other) = (job(), job());
        other.http.rate = 1.0;
        assert_eq!(job.question(), other.question());
        for change in [
            |job: &mut FetchJob| job.since.etag = None,
            |job: &mut FetchJob| job.since = Validators { etag: None, last_modified: Some("\"v1\"".to_owned()) },
            |job: &mut FetchJob| job.want = Asked::Probe,
            |job: &mut FetchJob| job.errand.push('0'),
        ] {
            let mut other = job.clone();
            change(&mut other);
            assert_ne!(job.question(), other.question(), "{other:?}");
        }
        let ids = [asked(job.question(), 0), asked(job.question(), 1), part_of(job.question(), 0)];
        assert!(ids[0] != ids[1] && ids[0] != ids[2]);
    }
}
