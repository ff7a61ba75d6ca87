//! A web that a test makes up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::fetch::{FetchError, Validators};
use url::Url;

/// How a made-up URL answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Html(String),
    Redirect(String),
    Status(u16),
    /// Something that is not HTML.
    File,
}

/// A web of these URLs; every other is 404. It counts what it is asked for.
#[derive(Debug, Default)]
pub(super) struct Web {
    pub(super) answers: HashMap<String, (Answer, Duration)>,
    pub(super) asked: Mutex<HashMap<(String, Want), u32>>,
}

impl Web {
    pub(super) fn with(mut self, url: &str, answer: Answer) -> Self {
        self.answers.insert(url.to_owned(), (answer, Duration::ZERO));
        self
    }

    pub(super) fn html(self, url: &str, html: &str) -> Self {
        self.with(url, Answer::Html(html.to_owned()))
    }

    /// What it was asked for, in order of URL: each with how often.
    pub(super) fn log(&self) -> Vec<(String, Want, u32)> {
        let asked = self.asked.lock();
        let mut log: Vec<_> = asked.iter().map(|((url, want), times)| (url.clone(), *want, *times)).collect();
        log.sort_by(|a, b| a.0.cmp(&b.0).then((a.1 == Want::Probe).cmp(&(b.1 == Want::Probe))));
        log
    }

    pub(super) fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

#[async_trait]
impl Http for Web {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        *self.asked.lock().entry((url.to_string(), want)).or_default() += 1;
        let (answer, delay) = match self.answers.get(url.as_str()) {
            Some(known) => known.clone(),
            None => (Answer::Status(404), Duration::ZERO),
        };
        tokio::time::sleep(delay).await;
        match answer {
            Answer::Html(_) if want == Want::Probe => Reply::IsHtml,
            Answer::Html(html) => {
                Reply::Html { body: html.into_bytes(), charset: None, validators: Validators::default() }
            }
            Answer::Redirect(to) => Reply::Redirect { status: 302, to: url.join(&to).unwrap() },
            Answer::Status(status) => Reply::Failed(FetchError::Status(status)),
            Answer::File => Reply::Other,
        }
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        if url.path().starts_with("/private/") { Err(FetchError::Robots { status: None }) } else { Ok(()) }
    }
}
