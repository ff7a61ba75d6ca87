use async_trait::async_trait;
use reqwest::Method;
use tokio::sync::broadcast;

use super::Client;
use super::client::About;
use crate::service::{
    Acted, Action, Event, FindingQuery, FindingView, JobAction, JobQuery, JobView, MachineryView, Part, QueueAction,
    QueueView, Readiness, RunView, SiteView, Watch, WatchError, WatchJobs, WorkerView,
};

#[async_trait]
impl Watch for Client {
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError> {
        self.get(self.at(&["api", "v1", "sites"]), About::Service).await
    }

    async fn site(&self, name: &str) -> Result<SiteView, WatchError> {
        self.get(self.at(&["api", "v1", "sites", name]), About::Site(name)).await
    }

    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError> {
        let mut url = self.at(&["api", "v1", "sites", site, "findings"]);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("fixed", if query.fixed { "true" } else { "false" });
            for (key, value) in [("reason", &query.reason), ("page", &query.page), ("text", &query.text)] {
                if let Some(value) = value {
                    pairs.append_pair(key, value);
                }
            }
            pairs.append_pair("limit", &query.limit.to_string()).append_pair("offset", &query.offset.to_string());
        }
        self.get(url, About::Site(site)).await
    }

    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError> {
        let mut url = match site {
            Some(site) => self.at(&["api", "v1", "sites", site, "runs"]),
            None => self.at(&["api", "v1", "runs"]),
        };
        url.query_pairs_mut().append_pair("limit", &limit.to_string());
        if let Some(before) = before {
            url.query_pairs_mut().append_pair("before", &before.to_string());
        }
        self.get(url, site.map_or(About::Service, About::Site)).await
    }

    async fn run(&self, id: i64) -> Result<RunView, WatchError> {
        self.get(self.at(&["api", "v1", "runs", &id.to_string()]), About::Run(id)).await
    }

    async fn act(&self, site: &str, action: Action) -> Result<Acted, WatchError> {
        let url = self.at(&["api", "v1", "sites", site, action.as_str()]);
        self.ask(Method::POST, url, About::Action(site, action)).await
    }

    async fn machinery(&self) -> MachineryView {
        let asked = self.get(self.at(&["api", "v1", "machinery"]), About::Service).await;
        // There is no other place for the reason.
        asked.unwrap_or_else(|error| MachineryView { tasks: error.to_string(), ..MachineryView::default() })
    }

    async fn readiness(&self) -> Readiness {
        let asked = self.send(Method::GET, self.at(&["readyz"])).await;
        // What is not ready says so with another status, and the same body.
        let read = asked.and_then(|(status, body)| {
            serde_json::from_slice(&body).map_err(|_| self.strange(&format!("status {status}")))
        });
        read.unwrap_or_else(|error| Readiness { ready: false, reasons: vec![error.to_string()] })
    }

    /// Whether the service has one is known once it is asked.
    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        Ok(self)
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        broadcast::channel(1).1
    }
}

#[async_trait]
impl WatchJobs for Client {
    async fn workers(&self) -> Result<Vec<WorkerView>, WatchError> {
        self.get(self.at(&["api", "v1", "workers"]), About::Service).await
    }

    async fn queues(&self) -> Result<Vec<QueueView>, WatchError> {
        self.get(self.at(&["api", "v1", "queues"]), About::Service).await
    }

    async fn jobs(&self, query: &JobQuery) -> Result<Vec<JobView>, WatchError> {
        let mut url = self.at(&["api", "v1", "jobs"]);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("limit", &query.limit.to_string());
            if let Some(state) = query.state {
                pairs.append_pair("state", state.as_str());
            }
            if let Some(queue) = &query.queue {
                pairs.append_pair("queue", queue);
            }
            if let Some(before) = query.before {
                pairs.append_pair("before", &before.to_string());
            }
        }
        self.get(url, About::Service).await
    }

    async fn job(&self, id: &str) -> Result<JobView, WatchError> {
        self.get(self.at(&["api", "v1", "jobs", id]), About::Job(id)).await
    }

    async fn change_job(&self, id: &str, action: JobAction) -> Result<Acted, WatchError> {
        self.ask(Method::POST, self.at(&["api", "v1", "jobs", id, action.as_str()]), About::Job(id)).await
    }

    async fn change_queue(&self, name: &str, action: QueueAction) -> Result<Acted, WatchError> {
        self.ask(Method::POST, self.at(&["api", "v1", "queues", name, action.as_str()]), About::Queue(name)).await
    }
}
