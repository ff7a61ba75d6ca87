//! What goes through the queue: what is asked, and how it was answered.
//!
//! It is read by another program, maybe of another version: a change that one of an earlier version would misunderstand
//! needs another [kind](actors::jobs::Job::KIND). The tests here have the words of this one.

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
    /// Without credentials. Where these are used, with the hosts that they are for: who knows others hands it back.
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
    use actors::jobs::Job;

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
            http: HttpConfig {
                rate: 2.5,
                credentials,
                user_agent: "sitewatch/0.1.0".to_owned(),
                ..HttpConfig::default()
            },
        }
    }

    /// Workers of other versions read and write what is here: if it has to change, so has `KIND`. That goes for a new
    /// setting of [`HttpConfig`], too, which an earlier version refuses.
    #[test]
    fn a_job_of_this_kind_is_written_like_this() {
        let http = concat!(
            r#""http":{"per_host":4,"rate":2.5,"connect_timeout":"10s","read_timeout":"20s","total_timeout":"1m","#,
            r#""max_body":16777216,"max_ratio":200,"retries":2,"max_redirects":10,"user_agent":"sitewatch/0.1.0","#,
            r#""ignore_robots":false,"headers":{},"credential_hosts":[],"private":"allow","private_hosts":[]}}"#,
        );
        let full = concat!(
            r#"{"errand":"docs 7","url":"http://a.example/","want":"page","since":{"etag":"\"v1\""},"links":10,"#,
            r#""identity":"docs","spacing":{"secs":1,"nanos":500000000},"#,
        );
        assert_eq!(FetchJob::KIND, "sitewatch.fetch.1");
        assert_eq!(serde_json::to_string(&job()).unwrap(), format!("{full}{http}"));
        let plain = FetchJob {
            want: Asked::Probe,
            since: Validators::default(),
            identity: None,
            spacing: Duration::ZERO,
            ..job()
        };
        let brief = r#"{"errand":"docs 7","url":"http://a.example/","want":"probe","links":10,"#;
        assert_eq!(serde_json::to_string(&plain).unwrap(), format!("{brief}{http}"));
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

    /// As for a job: if one of these has to change, so has `KIND`.
    #[test]
    fn answers_are_written_like_this_and_read_as_they_were_written() {
        let validators = Validators { etag: None, last_modified: Some("yesterday".to_owned()) };
        for (found, expected) in [
            (
                Found::Html { hash: "aa".to_owned(), validators, outline: Kept::Here("eJw=".to_owned()) },
                r#"{"html":{"hash":"aa","validators":{"last_modified":"yesterday"},"outline":{"here":"eJw="}}}"#,
            ),
            (
                Found::Html { hash: "aa".to_owned(), validators: Validators::default(), outline: Kept::Parts(3) },
                r#"{"html":{"hash":"aa","validators":{},"outline":{"parts":3}}}"#,
            ),
            (Found::IsHtml, r#""is_html""#),
            (Found::Other, r#""other""#),
            (Found::NotModified, r#""not_modified""#),
            (
                Found::Redirect { status: 308, to: "http://b.example/".to_owned() },
                r#"{"redirect":{"status":308,"to":"http://b.example/"}}"#,
            ),
            (
                Found::Failed { reason: "http-404".to_owned(), detail: None },
                r#"{"failed":{"reason":"http-404","detail":null}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&found).unwrap(), expected);
            assert_eq!(serde_json::from_str::<Found>(expected).unwrap(), found);
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
